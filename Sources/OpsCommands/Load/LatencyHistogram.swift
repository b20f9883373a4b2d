/// Counts durations in buckets that are at most 1.6 % wide, so that a run of any length takes the same memory.
package struct LatencyHistogram: Sendable {
    private var counts = [UInt64](repeating: 0, count: 64 * Self.steps)
    package private(set) var count: UInt64 = 0
    package private(set) var maximum: UInt64 = 0

    /// Buckets between a power of two and the next.
    private static let steps = 64

    package init() {}

    package mutating func add(nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds)] += 1
        count += 1
        maximum = max(maximum, nanoseconds)
    }

    /// A value that at least `share` of all values do not exceed: the upper end of its bucket, and never more than the
    /// greatest value. Zero when there is none.
    package func quantile(_ share: Double) -> UInt64 {
        let wanted = max(1, UInt64((Double(count) * share).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return min(maximum, Self.upperEnd(bucket)) }
        }
        return maximum
    }

    /// Values below 64 have a bucket each; above, the six bits after the leading one choose it.
    private static func bucket(_ value: UInt64) -> Int {
        guard value >= UInt64(steps) else { return Int(value) }
        let shift = 63 - value.leadingZeroBitCount - 6
        return (shift + 1) * steps + Int(value >> UInt64(shift)) - steps
    }

    private static func upperEnd(_ bucket: Int) -> UInt64 {
        guard bucket >= 2 * steps else { return UInt64(bucket) }
        let shift = UInt64(bucket / steps - 1)
        return (UInt64(bucket % steps + steps + 1) << shift) &- 1
    }
}
