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

    /// Counts durations that were put into buckets before, in any order.
    package init(ofBuckets indices: [UInt16]) {
        for index in indices.sorted() {
            if let last = buckets.indices.last, buckets[last].index == index {
                buckets[last].count += 1
            } else {
                buckets.append(Bucket(index: index, count: 1))
            }
        }
        count = Int64(indices.count)
    }

    /// How many there are of each bucket.
    package init(counts: [UInt16: Int64]) {
        self.init(
            sorted: counts.filter { $0.value != 0 }.sorted { $0.key < $1.key }
                .map { Bucket(index: $0.key, count: $0.value) })
    }

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

    /// How many are in buckets that hold only longer ones than `duration`.
    package func count(above duration: UInt64) -> Int64 {
        let index = DurationBuckets.index(of: duration)
        return buckets.reduce(0) { $0 + ($1.index > index ? max(0, $1.count) : 0) }
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
