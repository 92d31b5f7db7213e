/// The topics that delays wait for, by number, with how many do.
struct DelayTopics {
    private(set) var names: [String?] = []
    private var numbers: [String: Int32] = [:]
    private var counts: [Int] = []

    /// The number of a topic, which gets one when it has none.
    mutating func number(_ name: String) -> Int32 {
        if let known = numbers[name] { return known }
        let number = Int32(names.count)
        names.append(name)
        counts.append(0)
        numbers[name] = number
        return number
    }

    func known(_ name: String) -> Int32? { numbers[name] }
    func count(_ number: Int32) -> Int { counts.indices.contains(Int(number)) ? counts[Int(number)] : 0 }

    mutating func add(_ number: Int32, _ count: Int) {
        if counts.indices.contains(Int(number)) { counts[Int(number)] += count }
    }

    mutating func restore(_ number: Int32, _ name: String, _ count: Int) {
        while names.count <= Int(number) {
            names.append(nil)
            counts.append(0)
        }
        names[Int(number)] = name
        counts[Int(number)] = count
        numbers[name] = number
    }
}
