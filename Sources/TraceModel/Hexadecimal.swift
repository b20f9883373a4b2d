/// Hexadecimal text to numbers and back, without allocation beyond the result.
enum Hexadecimal {
    /// Whether letters above `F` of either case are read, or lower case alone (as W3C demands of `traceparent`).
    enum Letters: Sendable { case eitherCase, lowerOnly }

    /// Reads at most 16 digits; nil when the text is empty, longer, or holds anything else.
    static func parse(_ text: Substring.UTF8View, letters: Letters = .eitherCase) -> UInt64? {
        var value: UInt64 = 0
        var digits = 0
        for byte in text {
            guard digits < 16, let digit = digit(byte, letters: letters) else { return nil }
            value = value << 4 | digit
            digits += 1
        }
        return digits == 0 ? nil : value
    }

    static func digit(_ byte: UInt8, letters: Letters = .eitherCase) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F") where letters == .eitherCase: UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// The lowest `digits` digits of the value, lower case, appended to UTF-8 text.
    static func append(_ value: UInt64, digits: Int, to utf8: inout [UInt8]) {
        for position in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(position * 4)) & 0xF
            utf8.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    static func text(_ value: UInt64, digits: Int) -> String {
        var utf8: [UInt8] = []
        utf8.reserveCapacity(digits)
        append(value, digits: digits, to: &utf8)
        return String(decoding: utf8, as: UTF8.self)
    }
}
