/// The name of one lane, random and kept with it: what `x-hms-sender` says.
package struct SenderID: Hashable, Sendable, CustomStringConvertible {
    var high: UInt64
    var low: UInt64

    /// A random (version 4) UUID.
    static func random() -> SenderID {
        SenderID(
            high: UInt64.random(in: .min ... .max) & ~0xF000 | 0x4000,
            low: UInt64.random(in: .min ... .max) & ~(3 << 62) | 1 << 63)
    }

    package var description: String {
        let digits = [high, low].map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var groups: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return groups.joined(separator: "-")
    }
}
