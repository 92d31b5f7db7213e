import Glibc
import SluiceAPI
import SluiceMessage
import Testing

@testable import SluiceConsole

@Suite struct PublishTests {
    private var bodies: (Driver) -> [String] {
        { driver in
            driver.acts.compactMap {
                if case .publish(let message) = $0 { String(decoding: message.body, as: UTF8.self) } else { nil }
            }
        }
    }

    @Test func upGoesThroughWhatWasPublished() {
        var driver = Driver()
        for body in ["one", "two"] {
            driver.type("porders\t\t\t\(body)")
            driver.press(.control("s"))
        }
        driver.type("porders\t\t\tthree")
        driver.press(.up)
        #expect(driver.text.contains("2 of 2 published from here"))
        driver.press(.up, .control("s"))
        #expect(bodies(driver) == ["one", "two", "one"])
        driver.type("porders\t\t\tfour")
        // Down again to what was being typed.
        driver.press(.up, .down, .control("s"))
        #expect(bodies(driver).last == "four")
    }

    @Test func theBodyHasLines() {
        var driver = Driver()
        driver.type("porders\t\t\tab\ncd")
        driver.press(.up, .end)
        driver.type("X")
        driver.press(.down, .home)
        driver.type("Y")
        driver.press(.control("s"))
        #expect(bodies(driver) == ["abX\nYcd"])
    }

    @Test func propertiesAreNamesAndValues() throws {
        let found = try PublishForm.properties(#"a=1  b="two words" c=x=y"#).get()
        #expect(found == [Property("a", "1"), Property("b", "two words"), Property("c", "x=y")])
        for bad in ["a", "=1", "a=", #"a="x"#, "a b=1"] {
            #expect(throws: Moments.Problem.self) { try PublishForm.properties(bad).get() }
        }
    }

    @Test func templatesFillTheForm() {
        var driver = Driver()
        driver.type("p")
        driver.press(.control("o"))
        #expect(driver.outside.contains(.loadTemplates))
        var template = MessageTemplate(name: "paid")
        (template.topic, template.body, template.delay) = ("orders", "a\nb", "90s")
        driver.send(.answer(.templates([template], problems: [])))
        driver.type("\n")
        driver.press(.control("s"))
        #expect(
            driver.acts == [
                .publish(Message(topic: "orders", body: Array("a\nb".utf8), delay: .after(milliseconds: 90_000)))
            ])
    }

    @Test func savingOverOneNeedsAnotherKey() {
        var driver = Driver()
        driver.type("porders")
        driver.press(.control("t"))
        driver.type("paid\n")
        guard case .saveTemplate(let template, overwrites: false)? = driver.outside.last else {
            return #expect(Bool(false))
        }
        #expect(template.topic == "orders")
        driver.send(.answer(.templateSaved(name: "paid", problem: APIError(.conflict, "There is one already."))))
        driver.type("\n")
        #expect(driver.outside.last == .saveTemplate(template, overwrites: false))
        driver.send(.answer(.templateSaved(name: "paid", problem: APIError(.conflict, "There is one already."))))
        driver.press(.control("t"))
        #expect(driver.outside.last == .saveTemplate(template, overwrites: true))
        driver.send(.answer(.templateSaved(name: "paid", problem: nil)))
        #expect(driver.text.contains("Saved as the template paid."))
    }

    // MARK: Files
    @Test func templatesSurviveTheirFile() throws {
        let parent = try TemporaryFolder()
        let folder = parent.path + "/sluice/templates"
        let library = TemplateLibrary(folder: folder)
        #expect(library.list().templates.isEmpty)
        var template = MessageTemplate(name: "验证-1")
        template.topic = "sms"
        template.body = "line \"one\"\n\\ \t 茶\u{1B}"
        template.properties = #"a="b c""#
        template.isTransaction = true
        try library.save(template, overwrites: false)
        #expect(library.list().templates == [template])
        #expect(throws: APIError.self) { try library.save(template, overwrites: false) }
        template.tag = "again"
        try library.save(template, overwrites: true)
        #expect(library.list().templates == [template])
        for name in ["", "../x", ".hidden", "a/b", "a\u{0}b"] {
            #expect(throws: APIError.self) { try library.save(MessageTemplate(name: name), overwrites: true) }
        }
    }

    @Test func aBadFileIsNamed() throws {
        let parent = try TemporaryFolder()
        try parent.write("topic = \"a\"\nsize = 3\n", "odd.toml")
        try parent.write("topic = \n", "broken.toml")
        try parent.write("topic = \"a\"\n", "good.toml")
        let (found, problems) = TemplateLibrary(folder: parent.path).list()
        #expect(found.map(\.name) == ["good"])
        #expect(problems.count == 2)
        #expect(problems.contains { $0.contains("odd.toml") && $0.contains("size") })
        #expect(problems.contains { $0.contains("broken.toml:1") })
        #expect(throws: APIError.self) {
            try TemplateLibrary(folder: nil).save(MessageTemplate(name: "a"), overwrites: false)
        }
    }
}

/// A folder that goes with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/sluice-templates-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    func write(_ text: String, _ name: String) throws {
        let file = try #require(fopen(path + "/" + name, "w"))
        defer { fclose(file) }
        #expect(fwrite(Array(text.utf8), 1, text.utf8.count, file) == text.utf8.count)
    }

    deinit { remove(path) }

    private func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
            closedir(directory)
        }
        Glibc.remove(path)
    }
}
