import Testing

@testable import SluiceServer

@Suite("Address patterns")
struct AccessAddressTests {
    @Test(
        "patterns let in what RocketMQ's let in",
        arguments: [
            ("10.0.0.1", ["10.0.0.1"], ["10.0.0.11", "10.0.1.1"]),
            ("*", ["10.0.0.1", "2001:db8::1", "nonsense"], []),
            ("*.*.*.*", ["10.0.0.1"], []), ("*:*:*:*:*:*:*:*", ["::1", "10.0.0.1"], []),
            ("10.0.0.*", ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "110.0.0.1", "::1", "nonsense"]),
            ("10.0.*.*", ["10.0.7.8"], ["10.1.7.8"]),
            ("10.0.0.{1,2}", ["10.0.0.1", "10.0.0.2"], ["10.0.0.3", "10.0.0.12"]),
            ("10.0.{1,2}.*", ["10.0.1.9", "10.0.2.9"], ["10.0.3.9"]),
            ("10.0.0.1-9", ["10.0.0.1", "10.0.0.9"], ["10.0.0.0", "10.0.0.10"]),
            ("10.0.1-5.7", ["10.0.2.7"], ["10.0.2.8", "10.0.6.7"]),
            ("10.0.0.1,10.0.0.3, 10.1.0.{4,6-8}", ["10.0.0.3", "10.1.0.7"], ["10.0.0.2", "10.1.0.5"]),
            ("2001:DB8::1", ["2001:db8:0:0:0:0:0:1"], ["2001:db8::2"]),
            ("::ffff:10.0.0.1", ["10.0.0.1", "::ffff:a00:1"], ["::10.0.0.1"]),
            ("", [], ["10.0.0.1", "::1", "nonsense"]), (" , ", [], ["10.0.0.1"]),
        ])
    func matching(_ text: String, _ inside: [String], _ outside: [String]) throws {
        let pattern = try AddressPattern(text)
        for address in inside { #expect(pattern.matches(NetworkAddress(address)), "\(address)") }
        for address in outside { #expect(!pattern.matches(NetworkAddress(address)), "\(address)") }
    }

    @Test(
        "what is no pattern is refused",
        arguments: [
            "10.0.0", "10.0.0.256", "10.0.0.", "10.0.0.1.2", "10.0.0.-9", "10.0.0.9-1", "10.0.0.1-", "10.0.0.1-2-3",
            "10.0.0.{}", "10.0.0.{1,}", "10.0.0.{1", "10.0.0.1}", "10.0.0.+1", "10.0.0.1*", "2001:db8::*", "localhost",
            "10.0.0.{*}", "10.0.0.٣",
        ])
    func refused(_ text: String) { #expect(throws: AccessError.self) { try AddressPattern(text) } }

    @Test("a peer's port and brackets are taken off")
    func peers() {
        let four = NetworkAddress("10.0.0.1")
        #expect(NetworkAddress(peer: "10.0.0.1:5000") == four)
        #expect(NetworkAddress(peer: "10.0.0.1") == four)
        #expect(NetworkAddress(peer: "::ffff:10.0.0.1:5000") == four)
        let six = NetworkAddress("2001:db8::1")
        #expect(NetworkAddress(peer: "[2001:db8::1]:5000") == six)
        #expect(NetworkAddress(peer: "2001:db8::1:5000") == six)
        #expect(NetworkAddress(peer: "::1") == NetworkAddress("0:0:0:0:0:0:0:1"))
        #expect(NetworkAddress(peer: "unknown") == nil)
    }
}
