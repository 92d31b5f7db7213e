import Testing

@testable import SluiceConsole

@Suite struct GlyphTests {
    /// With seven bits only, all that is not from the broker is ASCII.
    @Test(arguments: GoldenTests.scenes)
    func asciiStaysInSevenBits(_ scene: GoldenTests.Scene) {
        var driver = Driver(size: Size(width: 120, height: 40), glyphs: .ascii)
        driver.run(seconds: 12)
        scene.play(&driver)
        let own = Set("订单支付对账服务成功，金额一百元您的验证码是五分钟内有效。茶杯请放门口地区华东-")
        let odd = Set(
            driver.text.filter { !$0.isASCII && !own.contains($0) && !("\u{2400}"..."\u{2421}").contains($0) })
        #expect(odd.isEmpty, "\(scene.name)")
    }

    @Test(arguments: [(0, 0), (1, 1), (10, 3), (59, 15), (60, 14), (60, 15), (500, 15), (60, 200)], Screen.allCases)
    func everySizeIsDrawn(_ size: (Int, Int), _ screen: Screen) {
        var driver = Driver(size: Size(width: size.0, height: size.1))
        if let place = Location(screen) {
            driver.type(":\(place.screen.rawValue)\n")
        } else {
            driver.type(
                screen == .group ? ":group billing\n" : screen == .topic ? ":topic orders\n" : ":topic orders\n\n")
            if screen == .message { driver.type("\n") }
        }
        #expect(driver.model.screen == screen)
        for keys in ["", "p", "\u{1B}:to", "\u{1B}t", "\u{1B}i"] {
            driver.type(keys)
            #expect(driver.view.size == driver.model.size)
        }
        driver.type("\u{1B}")
        if size.0 < 60 || size.1 < 15 {
            if size.0 >= 20 && size.1 >= 3 { #expect(driver.text.contains("Wanted: 60×15")) }
        } else {
            #expect(driver.text.contains("sluice"))
        }
    }
}
