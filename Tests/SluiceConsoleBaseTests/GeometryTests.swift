import SluiceConsole
import Testing

@Suite struct GeometryTests {
    @Test func fixedLengthsComeFirstAndSharesTakeTheRest() {
        let rows = Rect(x: 2, y: 3, width: 10, height: 20).rows([1, -2, -1, 1])
        #expect(rows.map(\.height) == [1, 12, 6, 1])
        #expect(rows.map(\.y) == [3, 4, 16, 22])
        #expect(rows.allSatisfy { $0.x == 2 && $0.width == 10 })
    }

    @Test(arguments: [[5, 5, 5], [-1, 9, 3], [-1, -1, -1], [20], [0, -1]])
    func splitsNeverLeaveTheirRectangle(_ lengths: [Int]) {
        for width in 0...12 {
            let area = Rect(x: 4, y: 0, width: width, height: 1)
            let parts = area.columns(lengths)
            #expect(parts.count == lengths.count)
            #expect(parts.allSatisfy { $0.x >= area.x && $0.maxX <= area.maxX })
            #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.maxX == $1.x })
        }
    }

    @Test func insetAndIntersectionAreNeverNegative() {
        let area = Rect(x: 1, y: 1, width: 3, height: 2)
        #expect(area.inset(by: 1) == Rect(x: 2, y: 2, width: 1, height: 0))
        #expect(area.inset(by: 5).isEmpty)
        #expect(area.intersection(Rect(x: 9, y: 9, width: 4, height: 4)).isEmpty)
        #expect(area.intersection(Rect(x: 2, y: 0, width: 9, height: 2)) == Rect(x: 2, y: 1, width: 2, height: 1))
        #expect(Rect(Size(80, 24)).centred(Size(20, 40)) == Rect(x: 30, y: 0, width: 20, height: 24))
    }
}
