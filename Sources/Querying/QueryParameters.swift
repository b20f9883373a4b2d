/// The part of a URL behind the question mark. The first of several equal names counts.
struct QueryParameters {
    private var values: [(name: String, value: String)] = []

    /// More than this many are not read.
    private static let maximumCount = 64

    init(_ query: String) {
        for pair in query.split(separator: "&", omittingEmptySubsequences: true).prefix(Self.maximumCount) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values.append((Self.decode(parts[0]), parts.count > 1 ? Self.decode(parts[1]) : ""))
        }
    }

    subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    /// A whole number within `range`, or `usual` when the parameter is missing.
    func integer(_ name: String, in range: ClosedRange<Int>, usual: Int) throws(QueryError) -> Int {
        guard let text = self[name] else { return usual }
        guard let value = Int(text), range.contains(value) else {
            throw QueryError(
                400, "invalid_parameter", "'\(name)' is '\(shortened(text))'",
                hint: "give a whole number from \(range.lowerBound) to \(range.upperBound), or leave it out")
        }
        return value
    }

    /// Resolves `+` and percent-escapes; an escape that is none stands for itself.
    static func decode(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
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

/// What of a client's text goes into a message.
func shortened(_ text: some StringProtocol) -> String {
    text.unicodeScalars.count <= 80 ? String(text) : String(text.prefix(77)) + "..."
}
