/// Adds up figures by key, for `SummaryBuilder`: dense rows, found by a pair of numbers. Buckets are listed first and counted
/// when all are there, which costs less than to look up each one's count.
struct FigureTable {
    private struct Row {
        var first: UInt64
        var second: UInt64
        var errors: Int64 = 0
        var durationSum: Int128 = 0
        var exemplars = Exemplars()
    }

    private var rows: [Row] = []
    /// Rows plus one; 0 is free. A power of two, at most half full.
    private var places: [UInt32] = Array(repeating: 0, count: 256)
    /// Row and bucket of each span.
    private var added: [UInt64] = []
    private var subtracted: [UInt64] = []
    private let seed = UInt64.random(in: .min ... .max)
    private static let bucketBits: UInt64 = 12

    init(expecting spans: Int) { added.reserveCapacity(spans) }

    /// The row of a key.
    @inline(__always)
    mutating func row(_ first: UInt64, _ second: UInt64) -> Int {
        var place = Int(truncatingIfNeeded: hash(first, second)) & (places.count - 1)
        while places[place] != 0 {
            let row = Int(places[place]) - 1
            if rows[row].first == first, rows[row].second == second { return row }
            place = (place + 1) & (places.count - 1)
        }
        return enter(Row(first: first, second: second), at: place)
    }

    /// `sign` is 1, or -1 to take a span back.
    @inline(__always)
    mutating func add(_ digest: SpanDigest, to row: Int, sign: Int64) {
        let duration = digest.duration
        if digest.isError { rows[row].errors &+= sign }
        let bucket = UInt64(row) << Self.bucketBits | UInt64(DurationBuckets.index(of: duration))
        if sign > 0 {
            rows[row].durationSum &+= Int128(duration)
            added.append(bucket)
        } else {
            rows[row].durationSum &-= Int128(duration)
            subtracted.append(bucket)
        }
    }

    @inline(__always)
    mutating func note(_ digest: SpanDigest, in row: Int) { rows[row].exemplars.note(digest) }

    mutating func merge(_ exemplars: Exemplars, in row: Int) { rows[row].exemplars.merge(exemplars) }

    /// Each row that is not zero.
    func forEach(_ body: (_ first: UInt64, _ second: UInt64, Figures) -> Void) {
        let plus = sorted(added)
        let minus = sorted(subtracted)
        var (plusPosition, minusPosition) = (0, 0)
        var buckets: [DurationHistogram.Bucket] = []
        for (number, row) in rows.enumerated() {
            buckets.removeAll(keepingCapacity: true)
            let end = UInt64(number + 1) << Self.bucketBits
            while true {
                let nextPlus = plusPosition < plus.count ? plus[plusPosition] : .max
                let nextMinus = minusPosition < minus.count ? minus[minusPosition] : .max
                let next = min(nextPlus, nextMinus)
                guard next < end else { break }
                var count: Int64 = 0
                while plusPosition < plus.count, plus[plusPosition] == next {
                    count += 1
                    plusPosition += 1
                }
                while minusPosition < minus.count, minus[minusPosition] == next {
                    count -= 1
                    minusPosition += 1
                }
                guard count != 0 else { continue }
                buckets.append(
                    DurationHistogram.Bucket(index: UInt16(next & (1 << Self.bucketBits - 1)), count: count))
            }
            var figures = Figures()
            figures.errors = row.errors
            figures.durationSum = row.durationSum
            figures.durations = DurationHistogram(sorted: buckets.map { $0 })
            figures.exemplars = row.exemplars
            if !figures.isZero { body(row.first, row.second, figures) }
        }
    }

    /// Radix sort, of as many bits as rows need.
    private func sorted(_ values: [UInt64]) -> [UInt64] {
        if values.count < 2048 { return values.sorted() }
        let bits = Int(Self.bucketBits) + (UInt64.bitWidth - rows.count.leadingZeroBitCount)
        let digit = 11
        var (source, target) = (values, Array(repeating: UInt64(0), count: values.count))
        for shift in stride(from: 0, to: bits, by: digit) {
            var starts = Array(repeating: 0, count: 1 << digit)
            for value in source { starts[Int(truncatingIfNeeded: value >> UInt64(shift)) & (1 << digit - 1)] += 1 }
            var sum = 0
            for index in starts.indices { (starts[index], sum) = (sum, sum + starts[index]) }
            for value in source {
                let index = Int(truncatingIfNeeded: value >> UInt64(shift)) & (1 << digit - 1)
                target[starts[index]] = value
                starts[index] += 1
            }
            swap(&source, &target)
        }
        return source
    }

    @inline(__always)
    private func hash(_ first: UInt64, _ second: UInt64) -> UInt64 {
        TextHash.mix(first ^ seed, second ^ 0x9E37_79B9_7F4A_7C15)
    }

    @inline(never)
    private mutating func enter(_ row: Row, at place: Int) -> Int {
        rows.append(row)
        places[place] = UInt32(rows.count)
        guard rows.count * 2 > places.count else { return rows.count - 1 }
        places = Array(repeating: 0, count: places.count * 2)
        for (number, row) in rows.enumerated() {
            var place = Int(truncatingIfNeeded: hash(row.first, row.second)) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = UInt32(number + 1)
        }
        return rows.count - 1
    }
}
