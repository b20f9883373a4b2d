/// Sizes as operators write them: `65536`, `64KiB`, `4MiB`.
package enum ByteSize {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    package static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = wholeNumber(digits) else { return nil }
        let suffix = trimmingBlanks(text[digits.endIndex...])
        guard !suffix.isEmpty else { return number }
        guard let unit = units.first(where: { $0.suffix == suffix }) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// With the largest unit that leaves no remainder.
    package static func format(_ bytes: Int) -> String {
        guard bytes != 0, let unit = units.dropLast().first(where: { bytes.isMultiple(of: $0.bytes) }) else {
            return String(bytes)
        }
        return "\(bytes / unit.bytes)\(unit.suffix)"
    }
}
