/// Buckets for durations, each at most 1/64 of its lower bound wide: 64 for each power of two, and one for each number below
/// 128. Integers only, so that every machine has the same.
package enum DurationBuckets {
    private static let bits: UInt64 = 6
    package static let count = 3776

    @inline(__always)
    package static func index(of duration: UInt64) -> UInt16 {
        let shift = duration < 128 ? 0 : 57 - UInt64(duration.leadingZeroBitCount)
        return UInt16(truncatingIfNeeded: shift << bits + duration >> shift)
    }

    /// The durations of a bucket.
    package static func range(of index: UInt16) -> ClosedRange<UInt64> {
        precondition(index < count, "DurationBuckets: no such bucket")
        let shift = index < 128 ? 0 : UInt64(index) >> bits - 1
        let lower = (UInt64(index) - shift << bits) << shift
        return lower...(lower + (1 << shift - 1))
    }

    /// The middle of a bucket: at most 1/128 (0.8 %) away from each duration in it.
    package static func value(of index: UInt16) -> UInt64 {
        let range = range(of: index)
        return range.lowerBound + (range.upperBound - range.lowerBound) / 2
    }
}
