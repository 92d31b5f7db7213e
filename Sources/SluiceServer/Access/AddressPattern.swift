/// The addresses that a white list lets in, in RocketMQ's spelling: an exact address, `*` for all, a star or a range
/// (`1-9`) or a list (`{1,2}`) for one part of an IPv4 address, and several of these with commas between them. IPv6
/// addresses are exact. A blank pattern lets nobody in.
///
/// Every part is looked at, also those behind a star or range, which RocketMQ ignores: `10.0.1-5.7` lets in `10.0.2.7`
/// and not `10.0.2.8`.
struct AddressPattern: Sendable, Equatable {
    private enum Form: Equatable {
        case everything
        case exact(NetworkAddress)
        /// What each of an IPv4 address's four parts may be.
        case parts([[ClosedRange<UInt8>]])
    }
    /// As it was written.
    let text: String
    private let forms: [Form]

    static let nobody = AddressPattern(text: "", forms: [])

    private init(text: String, forms: [Form]) {
        self.text = text
        self.forms = forms
    }

    init(_ text: String) throws(AccessError) {
        self.text = text
        var forms: [Form] = []
        for item in Self.list(text) { forms.append(try Self.form(item)) }
        self.forms = forms
    }

    var isBlank: Bool { forms.isEmpty }

    /// - Parameter address: nil for a peer whose address is not known, which only `*` lets in.
    func matches(_ address: NetworkAddress?) -> Bool {
        forms.contains { form in
            switch form {
            case .everything: return true
            case .exact(let exact): return exact == address
            case .parts(let parts):
                guard case .v4(let number)? = address else { return false }
                return parts.enumerated().allSatisfy { index, ranges in
                    let part = UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32(index)))
                    return ranges.contains { $0.contains(part) }
                }
            }
        }
    }

    /// The patterns between the commas that are not inside braces, without space around them; blank ones are left out.
    static func list(_ text: String) -> [String] {
        var isInside = false
        let items = text.split { character in
            if character == "{" { isInside = true }
            if character == "}" { isInside = false }
            return character == "," && !isInside
        }
        return items.compactMap { item in
            let item = item.unpadded
            return item.isEmpty ? nil : String(item)
        }
    }

    // MARK: Reading

    private static func form(_ text: String) throws(AccessError) -> Form {
        if text == "*" || text == "*.*.*.*" || text == "*:*:*:*:*:*:*:*" { return .everything }
        if let address = NetworkAddress(text) { return .exact(address) }
        guard !text.contains(":") else {
            throw AccessError("\"\(text)\" is no IPv6 address; only exact ones are possible, like \"2001:db8::1\"")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else {
            throw AccessError("\"\(text)\" is no address pattern; write one like \"10.0.0.1\", \"10.0.0.*\" or \"*\"")
        }
        var ranges: [[ClosedRange<UInt8>]] = []
        for part in parts {
            guard let range = Self.part(part.unpadded) else {
                throw AccessError(
                    "in the address \"\(text)\" the part \"\(part)\" must be 0 to 255, \"*\", \"1-9\" or \"{1,2}\"")
            }
            ranges.append(range)
        }
        return .parts(ranges)
    }

    private static func part(_ text: Substring) -> [ClosedRange<UInt8>]? {
        if text == "*" { return [0...255] }
        guard text.hasPrefix("{") else { return range(text).map { [$0] } }
        guard text.hasSuffix("}"), text.count > 2 else { return nil }
        let items = text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
        let ranges = items.compactMap { range($0.unpadded) }
        return ranges.count == items.count ? ranges : nil
    }

    /// `7` or `7-9`.
    private static func range(_ text: Substring) -> ClosedRange<UInt8>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { number($0.unpadded) }
        guard ends.count <= 2, case let low?? = ends.first, case let high?? = ends.last, low <= high else { return nil }
        return low...high
    }

    private static func number(_ text: Substring) -> UInt8? {
        // Numbers with a sign are none here, which `UInt8` would read.
        text.allSatisfy { $0.isASCII && $0.isNumber } ? UInt8(text) : nil
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without spaces and tabs at both ends.
    var unpadded: Substring {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
