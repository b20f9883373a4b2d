/// Adds up figures by key, for `SummaryBuilder`: dense rows, found by a pair of numbers.
struct FigureTable {
    private struct Row {
        var first: UInt64
        var second: UInt64
        var errors: Int64 = 0
        var durationSum: Int128 = 0
        var exemplars = Exemplars()
    }
    private struct BucketCount {
        /// Row and bucket, plus one; 0 is free.
        var key: UInt64
        var count: Int64
    }

    private var rows: [Row] = []
    /// Rows plus one; 0 is free. A power of two, at most half full.
    private var places: [UInt32] = Array(repeating: 0, count: 256)
    /// A power of two, at most half full.
    private var buckets: [BucketCount] = Array(repeating: BucketCount(key: 0, count: 0), count: 1024)
    private var bucketCount = 0
    private let seed = UInt64.random(in: .min ... .max)

    /// The row of a key.
    @inline(__always)
    mutating func row(_ first: UInt64, _ second: UInt64) -> Int {
        var place =
            Int(truncatingIfNeeded: TextHash.mix(first ^ seed, second ^ 0x9E37_79B9_7F4A_7C15)) & (places.count - 1)
        while places[place] != 0 {
            let row = Int(places[place]) - 1
            if rows[row].first == first, rows[row].second == second { return row }
            place = (place + 1) & (places.count - 1)
        }
        rows.append(Row(first: first, second: second))
        places[place] = UInt32(rows.count)
        if rows.count * 2 > places.count { growPlaces() }
        return rows.count - 1
    }

    /// `sign` is 1, or -1 to take a span back.
    @inline(__always)
    mutating func add(_ digest: SpanDigest, to row: Int, sign: Int64) {
        let duration = digest.duration
        if digest.isError { rows[row].errors &+= sign }
        rows[row].durationSum &+= sign > 0 ? Int128(duration) : -Int128(duration)
        let key = (UInt64(row) << 12 | UInt64(DurationBuckets.index(of: duration))) + 1
        var place = Int(truncatingIfNeeded: TextHash.mix(key ^ seed, 0xA076_1D64_78BD_642F)) & (buckets.count - 1)
        while buckets[place].key != key {
            if buckets[place].key == 0 {
                buckets[place].key = key
                bucketCount += 1
                break
            }
            place = (place + 1) & (buckets.count - 1)
        }
        buckets[place].count &+= sign
        if bucketCount * 2 > buckets.count { growBuckets() }
    }

    @inline(__always)
    mutating func note(_ digest: SpanDigest, in row: Int) { rows[row].exemplars.note(digest) }

    mutating func merge(_ exemplars: Exemplars, in row: Int) { rows[row].exemplars.merge(exemplars) }

    /// Each row that is not zero.
    func forEach(_ body: (_ first: UInt64, _ second: UInt64, Figures) -> Void) {
        var used = buckets.filter { $0.count != 0 }
        used.sort { $0.key < $1.key }
        var position = 0
        for (number, row) in rows.enumerated() {
            var end = position
            while end < used.count, (used[end].key - 1) >> 12 == UInt64(number) { end += 1 }
            let sorted = used[position..<end].map {
                DurationHistogram.Bucket(index: UInt16(($0.key - 1) & 0xFFF), count: $0.count)
            }
            position = end
            var figures = Figures()
            figures.errors = row.errors
            figures.durationSum = row.durationSum
            figures.durations = DurationHistogram(sorted: sorted)
            figures.exemplars = row.exemplars
            if !figures.isZero { body(row.first, row.second, figures) }
        }
    }

    private mutating func growPlaces() {
        places = Array(repeating: 0, count: places.count * 2)
        for (number, row) in rows.enumerated() {
            let hash = TextHash.mix(row.first ^ seed, row.second ^ 0x9E37_79B9_7F4A_7C15)
            var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = UInt32(number + 1)
        }
    }

    private mutating func growBuckets() {
        let old = buckets
        buckets = Array(repeating: BucketCount(key: 0, count: 0), count: old.count * 2)
        for bucket in old where bucket.key != 0 {
            var place =
                Int(truncatingIfNeeded: TextHash.mix(bucket.key ^ seed, 0xA076_1D64_78BD_642F))
                & (buckets.count - 1)
            while buckets[place].key != 0 { place = (place + 1) & (buckets.count - 1) }
            buckets[place] = bucket
        }
    }
}
