/// Buckets of numbers, four to an octave: monotone, so that a range of numbers is a range of buckets.
package enum NumberBucket {
    /// Smaller and larger magnitudes share the outermost buckets.
    private static let smallestExponent = -16
    private static let largestExponent = 64
    private static let magnitudes = (largestExponent - smallestExponent) * 4

    package static let lowest = -magnitudes
    package static let highest = magnitudes

    /// Nil for what is no number: it is in no range.
    package static func of(_ value: Double) -> Int? {
        guard !value.isNaN else { return nil }
        let magnitude = index(value.magnitude)
        return value < 0 ? -magnitude : magnitude
    }

    @inline(__always)
    package static func of(_ value: UInt64) -> Int { index(Double(value)) }

    /// 0 for zero and all that is smaller than the smallest bucket.
    @inline(__always)
    private static func index(_ magnitude: Double) -> Int {
        // The sign is clear: the upper twelve bits are the exponent, the next two quarter the octave.
        let quarter = Int(truncatingIfNeeded: magnitude.bitPattern &>> 50) &- (1023 &+ smallestExponent) &* 4 &+ 1
        return max(0, min(quarter, magnitudes))
    }

    /// The buckets in which numbers from `low` to `high` may lie; empty when there are none.
    package static func range(_ low: Double, _ high: Double) -> Range<Int> {
        guard low <= high, let first = of(low), let last = of(high) else { return 0..<0 }
        return first..<last + 1
    }
}
