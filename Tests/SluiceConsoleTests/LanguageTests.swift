import Glibc
import SluiceAPI
import Testing

@testable import SluiceConsole

/// Whether every text that the console shows can be said in Chinese, and whether the console says it.
@Suite struct LanguageTests {
    private static let used = SourceTexts.used

    /// Texts that are made from names of cases, and looked up where they are drawn.
    private static let named: Set<String> = {
        var names = Set(Feature.allCases.map { $0.rawValue.split(separator: "_").joined(separator: " ") })
        names.formUnion(DialogKind.allCases.map(\.rawValue))
        names.formUnion(FlowState.allCases.map(\.rawValue))
        names.formUnion(BodyView.allCases.map(\.rawValue))
        names.formUnion([CallRecord.Kind.query, .act, .dryRun].map(\.rawValue))
        names.formUnion([ConnectedClient.Role.producer, .consumer].map(\.rawValue))
        names.formUnion([ReplayStatus.State.running, .paused, .done, .cancelled, .failed].map(\.rawValue))
        // Outcomes in the audit that are not an error's code.
        names.formUnion(["done"])
        return names
    }()

    @Test func everyTextHasAChineseOne() {
        let missing = Self.used.union(Self.named).filter { Chinese.texts[$0] == nil }.sorted()
        #expect(missing.isEmpty, "write them into Sources/SluiceConsole/Language/Chinese+….swift")
    }

    @Test func noChineseTextIsLeftOver() {
        // Long sentences there are put together from several lines.
        let others = SourceTexts.others
        let begun = others.filter { $0.count > 30 }
        let unused = Chinese.texts.keys.filter { text in
            !Self.used.contains(text) && !Self.named.contains(text) && !others.contains(text)
                && !begun.contains { text.hasPrefix($0) }
        }
        #expect(unused.sorted().isEmpty, "no source says these any more")
    }

    @Test func placesAreTheSame() {
        func places(_ text: String) -> Set<String> {
            Set(
                text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().map {
                    String($0.prefix { $0 != "}" })
                })
        }
        for (english, chinese) in Chinese.texts {
            #expect(places(english) == places(chinese), "\(english)")
            #expect(!chinese.isEmpty)
        }
    }

    @Test func tablesDoNotContradictEachOther() {
        let parts = Chinese.parts
        let all = parts.reduce(0) { $0 + $1.count }
        #expect(all == Chinese.texts.count, "a text stands in two tables")
    }

    @Test func scannerReadsNestedTexts() {
        let source = #"""
            return tr("\(a.map { tr("\($0) of \(b("x"))") } ?? "") and \(c)") // tr("not this")
            let key = tr(key: "plain"), kept = later("kept \u{2026}")
            Column("title", 3), Format.plural(count(3), "box", "boxes")
            """#
        let found = SourceTexts.texts(of: source, isTable: false)
        #expect(found == ["{1} and {2}", "{1} of {2}", "plain", "kept …", "title", "{1} box"])
    }

    @Test func localesAreUnderstood() {
        #expect(Language(locale: "zh_CN.UTF-8") == .chinese)
        #expect(Language(locale: "zh-Hant") == .chinese)
        #expect(Language(locale: "C.UTF-8") == .english)
        #expect(Language(locale: "") == .english)
    }

    @Test func phrasesPutTheirValuesWhereTheLanguageWantsThem() {
        Language.$current.withValue(.chinese) {
            #expect(tr("\(3) of \(8) done…") == "已完成 3 / 8…")
            #expect(tr("\("{1}") would go to \("{2}"), read by \("x").") == "{1}将发往 {2}，订阅者：x。")
            #expect(tr("nobody ever wrote \(1)") == "nobody ever wrote 1")
            #expect(Format.plural(1, "message") == "1 条消息")
            #expect(Format.plural(2, "half", "halves") == "2 条半消息")
        }
        #expect(tr("\(3) of \(8) done…") == "3 of 8 done…")
        #expect(Format.plural(1, "half", "halves") == "1 half")
        #expect(Format.plural(2, "half", "halves") == "2 halves")
    }

    @Test func commandAndKeySwitch() {
        var driver = Driver()
        #expect(driver.line(0).contains("backlog"))
        driver.type(":language zh\n")
        #expect(driver.text.contains("控制台已切换为中文。"))
        #expect(driver.line(0).contains("积压"))
        driver.type(":settings\nl")
        #expect(driver.model.settings.language == .english)
        #expect(driver.text.contains("The console speaks English."))
        driver.type("l")
        #expect(driver.text.contains("中文"))
        driver.type(":language auto\n")
        #expect(driver.model.settings.language == .english)
        driver.type(":language fr\n")
        #expect(driver.text.contains("A language is zh, en or auto."))
    }

    /// What is data reads the same in every language.
    @Test func dataStaysEnglish() {
        let english = Driver(World.steered)
        let chinese = Driver(World.steered, language: .chinese)
        #expect(english.model.plainReport() == chinese.model.plainReport())
        #expect(english.model.sheet == chinese.model.sheet)
        #expect(english.text != chinese.text)
    }

    @Test func linesBreakBetweenWideCharacters() {
        #expect(DisplayWidth.lines("one two three", width: 7) == ["one two", "three"])
        #expect(DisplayWidth.lines("消息队列，削峰填谷。", width: 8) == ["消息队", "列，削峰", "填谷。"])
        #expect(DisplayWidth.lines("主题 orders 堆积", width: 12) == ["主题 orders", "堆积"])
        #expect(DisplayWidth.lines("averyveryverylongword", width: 4) == ["averyveryverylongword"])
    }
}
