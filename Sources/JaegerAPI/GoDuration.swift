/// Durations as Go programs write them: `1h30m`, `1.5s`, `100ms`, `0`.
enum GoDuration {
    /// Nanoseconds; nil when the text is no duration, is negative, or 64 bits cannot hold it. Days and weeks are read where
    /// `allowsDays` says so.
    static func nanoseconds(_ text: String, allowsDays: Bool = false) -> UInt64? {
        if text == "0" { return 0 }
        var rest = Substring(text).utf8
        if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var sum: UInt64 = 0
        while !rest.isEmpty {
            guard let number = Number(&rest), let unit = unit(&rest, allowsDays), let part = number.times(unit) else {
                return nil
            }
            let (next, overflow) = sum.addingReportingOverflow(part)
            guard !overflow else { return nil }
            sum = next
        }
        return sum
    }

    /// Digits with a fraction, of which nine digits count.
    private struct Number {
        private var whole: UInt64 = 0
        private var fraction: UInt64 = 0
        private var scale: UInt64 = 1

        init?(_ rest: inout Substring.UTF8View) {
            var digits = 0
            var isFraction = false
            while let byte = rest.first {
                if byte == UInt8(ascii: "."), !isFraction {
                    isFraction = true
                } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                    digits += 1
                    guard take(UInt64(byte - UInt8(ascii: "0")), isFraction) else { return nil }
                } else {
                    break
                }
                rest.removeFirst()
            }
            guard digits > 0 else { return nil }
        }

        private mutating func take(_ digit: UInt64, _ isFraction: Bool) -> Bool {
            guard !isFraction else {
                if scale < 1_000_000_000 {
                    fraction = fraction * 10 + digit
                    scale *= 10
                }
                return true
            }
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            whole = sum
            return !overflow && !carry
        }

        func times(_ unit: UInt64) -> UInt64? {
            let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
            // The fraction is below one, so the quotient is below the unit.
            let part = scale.dividingFullWidth(fraction.multipliedFullWidth(by: unit)).quotient
            let (sum, carry) = product.addingReportingOverflow(part)
            return overflow || carry ? nil : sum
        }
    }

    private static func unit(_ rest: inout Substring.UTF8View, _ allowsDays: Bool) -> UInt64? {
        let end = rest.firstIndex { $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let word = String(rest[..<(end ?? rest.endIndex)])
        rest = rest[(end ?? rest.endIndex)...]
        return switch word {
        case "ns": 1
        case "us", "\u{B5}s", "\u{3BC}s": 1000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        case "d" where allowsDays: 86_400_000_000_000
        case "w" where allowsDays: 604_800_000_000_000
        default: nil
        }
    }
}
