/// The part of a URL behind the question mark: names with their values, in order, `+` and percent-escapes resolved.
package struct QueryString: Sendable {
    private var pairs: [(name: String, value: String)] = []
    /// There were more pairs than were read.
    package let isCut: Bool

    package init(_ text: String, maximumPairs: Int = 64) {
        let parts = text.split(separator: "&", omittingEmptySubsequences: true)
        isCut = parts.count > maximumPairs
        for pair in parts.prefix(maximumPairs) {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            pairs.append((Self.decode(halves[0]), halves.count > 1 ? Self.decode(halves[1]) : ""))
        }
    }

    /// The value of the first pair of that name.
    package subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    package func values(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// Resolves percent-escapes, and `+` unless the text is part of a path. An escape that is none stands for itself.
    package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = true) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
