import CCrypto

/// SHA-256, as text.
enum SHA256 {
    /// 64 hex digits; empty when libcrypto refuses, which fits no line.
    static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
        let sum = [UInt8](unsafeUninitializedCapacity: 32) { result, count in
            guard let base = result.baseAddress else { return }
            count = sluice_sha256(bytes.baseAddress, bytes.count, base) == 1 ? 32 : 0
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: sum.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func hex(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { hex($0) } }
}
