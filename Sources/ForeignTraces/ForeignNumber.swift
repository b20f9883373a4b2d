import JSON

/// The characters of a number, which decide only where it is used what they are.
struct ForeignNumber {
    let text: String

    var int64: Int64? { JSONInteger.parse(Array(text.utf8)[...]) }

    /// Microseconds as nanoseconds. Whole ones exactly; a negative number is 0, and what 64 bits cannot hold the greatest.
    var nanoseconds: UInt64 {
        if let whole: UInt64 = JSONInteger.parse(Array(text.utf8)[...]) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 1000)
            return overflow ? .max : product
        }
        guard let value = Double(text), value > 0 else { return 0 }
        return UInt64(exactly: (value * 1000).rounded()) ?? .max
    }
}
