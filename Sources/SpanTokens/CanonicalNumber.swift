/// Reads text that is exactly how a number is written canonically, so that the string "500" and the number 500 have one token.
package enum CanonicalNumber: Equatable, Sendable {
    case integer(Int64)
    case decimal(Double)

    /// Nil for all other text, such as "007", "+1", "1.50" or "NaN".
    @inline(__always)
    package init?(_ text: UnsafeRawBufferPointer) {
        // Nearly all strings end here.
        guard let first = text.first, first &- 0x30 < 10 || first == UInt8(ascii: "-"), text.count <= 32 else {
            return nil
        }
        self.init(slowly: text)
    }

    package init?(_ text: some StringProtocol) {
        var copy = String(text)
        guard let number = copy.withUTF8({ CanonicalNumber(UnsafeRawBufferPointer($0)) }) else { return nil }
        self = number
    }

    @inline(never)
    private init?(slowly text: UnsafeRawBufferPointer) {
        let isNegative = text[0] == UInt8(ascii: "-")
        let digits = UnsafeRawBufferPointer(rebasing: text[(isNegative ? 1 : 0)...])
        guard let first = digits.first, first &- 0x30 < 10 else { return nil }
        if digits.allSatisfy({ $0 &- 0x30 < 10 }) {
            if first == 0x30 { guard digits.count == 1, !isNegative else { return nil } }
            var value: Int64 = 0
            for digit in digits {
                let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
                let (next, overflow) = product.subtractingReportingOverflow(Int64(digit &- 0x30))
                if tooLarge || overflow { return nil }
                value = next
            }
            if isNegative {
                self = .integer(value)
            } else {
                guard value != .min else { return nil }
                self = .integer(-value)
            }
            return
        }
        // An address or a version has two dots, a date two dashes.
        var (points, exponents, signs) = (0, 0, 0)
        for byte in digits where byte &- 0x30 >= 10 {
            switch byte {
            case UInt8(ascii: "."): points += 1
            case UInt8(ascii: "e"): exponents += 1
            case UInt8(ascii: "+"), UInt8(ascii: "-"): signs += 1
            default: return nil
            }
        }
        guard points <= 1, exponents <= 1, signs <= exponents else { return nil }
        let string = String(decoding: text, as: UTF8.self)
        guard let value = Double(string), Self.text(value) == string else { return nil }
        self = .decimal(value)
    }

    /// How a decimal is written: the shortest that reads back, whole numbers below 2^53 as integers.
    package static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        if let integer = whole(value) { return String(integer) }
        return value.description
    }

    /// The integer that a decimal is written as.
    @inline(__always)
    package static func whole(_ value: Double) -> Int64? {
        guard value.magnitude < 9_007_199_254_740_992, value.rounded(.towardZero) == value else { return nil }
        return Int64(value)
    }
}
