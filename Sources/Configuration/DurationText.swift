/// Times as operators write them: `250us`, `200ms`, `1s`, `10m`, `1h`, `7d`. A bare number has no meaning, but for `0`.
package enum DurationText {
    private static let units: [(suffix: String, microseconds: Int64)] = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1),
    ]

    package static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = wholeNumber(digits) else { return nil }
        let suffix = trimmingBlanks(text[digits.endIndex...])
        guard let unit = units.first(where: { $0.suffix == suffix }) else { return nil }
        let (microseconds, overflow) = Int64(number).multipliedReportingOverflow(by: unit.microseconds)
        return overflow ? nil : .microseconds(microseconds)
    }

    /// With the largest unit that leaves no remainder; what is finer than a microsecond is left out.
    package static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return "\(seconds)s" }
        let microseconds = whole + attoseconds / 1_000_000_000_000
        guard microseconds != 0, let unit = units.first(where: { microseconds.isMultiple(of: $0.microseconds) }) else {
            return "0"
        }
        return "\(microseconds / unit.microseconds)\(unit.suffix)"
    }
}
