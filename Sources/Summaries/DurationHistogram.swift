/// How many durations are in each of `DurationBuckets`. Counts are signed, as what one segment says may take back what another
/// said.
package struct DurationHistogram: Sendable, Equatable {
    package struct Bucket: Sendable, Equatable {
        package var index: UInt16
        package var count: Int64
    }

    /// By index; none is zero.
    package private(set) var buckets: [Bucket] = []
    /// The sum of all buckets.
    package private(set) var count: Int64 = 0

    package init() {}

    /// The buckets must be as `buckets` says.
    init(sorted buckets: [Bucket]) {
        self.buckets = buckets
        for bucket in buckets { count &+= bucket.count }
    }

    package mutating func merge(_ other: DurationHistogram) {
        count &+= other.count
        if buckets.isEmpty {
            buckets = other.buckets
            return
        }
        var merged: [Bucket] = []
        merged.reserveCapacity(buckets.count + other.buckets.count)
        var position = 0
        for bucket in other.buckets {
            while position < buckets.count, buckets[position].index < bucket.index {
                merged.append(buckets[position])
                position += 1
            }
            if position < buckets.count, buckets[position].index == bucket.index {
                let sum = buckets[position].count &+ bucket.count
                if sum != 0 { merged.append(Bucket(index: bucket.index, count: sum)) }
                position += 1
            } else {
                merged.append(bucket)
            }
        }
        merged.append(contentsOf: buckets[position...])
        buckets = merged
    }

    /// The duration below or at which `perMille` thousandths of all are (nearest rank), at most 1/128 off; nil if there are none.
    package func percentile(perMille: Int) -> UInt64? {
        precondition((1...1000).contains(perMille), "DurationHistogram: thousandths from 1 to 1000")
        var total: Int128 = 0
        for bucket in buckets { total += Int128(max(0, bucket.count)) }
        guard total > 0 else { return nil }
        let rank = (total * Int128(perMille) + 999) / 1000
        var seen: Int128 = 0
        for bucket in buckets {
            seen += Int128(max(0, bucket.count))
            if seen >= rank { return DurationBuckets.value(of: bucket.index) }
        }
        return nil
    }
}
