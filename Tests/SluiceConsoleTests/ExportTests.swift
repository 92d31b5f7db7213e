import Glibc
import SluiceAPI
import Testing

@testable import SluiceConsole

@Suite struct ExportTests {
    @Test(arguments: [
        ("plain", "plain"), ("=1+1", "\"'=1+1\""), ("+49", "\"'+49\""), ("-x", "\"'-x\""), ("@a", "\"'@a\""),
        ("  =1", "\"'  =1\""), ("\t=1", "\"'\t=1\""), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""),
        ("a\r\nb", "\"a\r\nb\""), ("＝1", "\"'＝1\""), ("订单", "订单"), ("", ""),
    ])
    func fieldsAreSafeInASpreadsheet(_ text: String, _ expected: String) {
        #expect(Sheet.field(text) == expected)
    }

    @Test func csvAndJSONKeepUnknownApartFromZero() {
        let sheet = Sheet(
            title: "t", columns: ["a", "b", "c"],
            rows: [[.text("x\"\u{1}"), .unknown, .number(0)], [.decimal(1.25), .age(-5), .decimal(-0.5)]],
            truncatedOf: 9)
        #expect(
            sheet.encoded(as: .csv) == "a,b,c\r\n\"x\"\"\u{1}\",,0\r\n1.25,-5,-0.5\r\ntruncated: 2 of 9\r\n")
        #expect(
            sheet.encoded(as: .json) == """
                {"title":"t","count":2,"truncated":true,"total":9,"rows":[
                {"a":"x\\"\\u0001","b":null,"c":0},
                {"a":1.25,"b":-5,"c":-0.5}
                ]}

                """)
    }

    @Test func theKeyProposesAFileAndEnterWritesWhatIsShown() throws {
        var driver = Driver(size: Size(width: 120, height: 30))
        driver.type("3/b\nE")
        #expect(driver.text.contains("export groups-"))
        driver.press(.control("u"))
        driver.type("export /nowhere/g.json\n")
        guard case .file(.export(let path, let text, let note)) = try #require(driver.outside.last) else {
            Issue.record("no export: \(driver.outside)")
            return
        }
        #expect(path == "/nowhere/g.json" && note.contains("\(driver.model.rows.count) row"))
        #expect(text.contains("\"group\":\"billing\""))
        #expect(!text.contains("order-landing"))
        driver.send(.answer(.file(.problem("No room."))))
        #expect(driver.text.contains("No room."))
        driver.type(":export x.txt\n")
        #expect(driver.text.contains("An export is a .csv or a .json file"))
    }

    @Test func truncatedListsSayThatTheyAre() {
        var world = World.demo
        world.delayTotal = 50_000
        var driver = Driver(world, size: Size(width: 120, height: 30))
        driver.type("4")
        #expect(driver.model.sheet?.truncatedOf == 50_000)
        #expect(driver.model.plainReport().contains { $0.hasPrefix("delays: ") && $0.contains(" of 50,000") })
    }

    @Test func nothingIsOverwrittenUnasked() throws {
        let folder = try Scratch()
        let files = LocalFiles(viewFolder: folder.path + "/state/views")
        let path = folder.path + "/a.csv"
        #expect(files.run(.export(path: path, text: "one", note: "")) == .done("Exported to \(path)"))
        guard case .problem(let text) = files.run(.export(path: path, text: "two", note: "")) else {
            Issue.record("overwritten")
            return
        }
        #expect(text.contains("stays as it is"))
        #expect(folder.read("a.csv") == "one")
        guard case .problem = files.run(.export(path: "/proc/none/a.csv", text: "x", note: "")) else {
            Issue.record("written nowhere")
            return
        }
        guard case .done = files.run(.saveView(name: "mine", text: "screen topics\n")) else {
            Issue.record("not saved")
            return
        }
        #expect(files.run(.loadView(name: "mine")) == .view(name: "mine", text: "screen topics\n"))
        guard case .problem(let missing) = files.run(.loadView(name: "other")) else {
            Issue.record("a view that nobody saved")
            return
        }
        #expect(missing.contains("there are mine"))
    }

    @Test func aViewBringsBackScreenFilterAndOrder() throws {
        var driver = Driver(size: Size(width: 120, height: 30))
        driver.type("3L/i\n:save mine\n")
        guard case .file(.saveView("mine", let text)) = try #require(driver.outside.last) else {
            Issue.record("not saved")
            return
        }
        let rows = driver.model.rows
        driver.type("1")
        driver.type(":view mine\n")
        #expect(driver.outside.last == .file(.loadView(name: "mine")))
        driver.send(.answer(.file(.view(name: "mine", text: text))))
        #expect(driver.model.screen == .groups)
        #expect(driver.model.rows == rows && driver.model.list.sort == .lag && driver.model.list.descending)
        for bad in ["", "screen nowhere\n", "filter x\nfoo\n", "\u{1B}[2J", "sort x\n"] {
            driver.send(.answer(.file(.view(name: "bad", text: bad))))
            #expect(driver.text.contains("means nothing here"), "\(bad)")
        }
        driver.type(":save ../x\n")
        #expect(driver.text.contains("A view's name"))
    }
}

/// A folder that goes with its test.
final class Scratch {
    let path: String
    init() throws {
        var template = Array("/tmp/sluice-console-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        path = try #require(made)
    }
    func read(_ name: String) -> String? {
        guard let file = fopen("\(path)/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
    deinit {
        for name in ["a.csv", "state/views/mine.view"] { unlink("\(path)/\(name)") }
        for name in ["/state/views", "/state", ""] { rmdir(path + name) }
    }
}
