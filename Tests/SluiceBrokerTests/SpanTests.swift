import Testing

@testable import SluiceBroker

@Suite("Spans in words")
struct SpanTests {
    @Test(
        "a span is rounded, in the largest unit that it has two of",
        arguments: [
            (0, "0 seconds"), (499, "0 seconds"), (500, "1 seconds"), (119_499, "119 seconds"), (119_999, "2 minutes"),
            (3_599_900, "60 minutes"), (5_460_000, "91 minutes"), (7_199_999, "2 hours"), (9_000_000, "3 hours"),
            (172_799_999, "2 days"), (3_456_000_000, "40 days"),
        ] as [(Int64, String)])
    func words(span: Int64, text: String) { #expect(Broker.spanText(span) == text) }
}
