import Summaries
import Testing

@Suite("Buckets of durations")
struct DurationBucketsTests {
    @Test("Each duration is in its bucket, and the bucket's value within 1/128 of it")
    func error() {
        let seed: UInt64 = 3
        var generator = SeededGenerator(seed: seed)
        var durations: [UInt64] = [0, 1, 63, 64, 127, 128, 129, 255, 256, .max, .max - 1]
        for bit in UInt64(0)..<64 { durations += [1 << bit, (1 << bit) &- 1, (1 << bit) &+ 1] }
        for _ in 0..<100_000 {
            durations.append(generator.next() >> UInt64.random(in: 0..<64, using: &generator))
        }
        for duration in durations {
            let index = DurationBuckets.index(of: duration)
            let value = DurationBuckets.value(of: index)
            let distance = value > duration ? value - duration : duration - value
            #expect(
                index < DurationBuckets.count && DurationBuckets.range(of: index).contains(duration)
                    && distance <= duration / 128,
                "\(duration), seed \(seed)")
        }
    }

    @Test("The buckets follow each other without a gap, up to the largest duration")
    func order() {
        var next: UInt64 = 0
        for index in 0..<UInt16(DurationBuckets.count) {
            let range = DurationBuckets.range(of: index)
            #expect(range.lowerBound == next)
            #expect(DurationBuckets.index(of: range.lowerBound) == index)
            #expect(DurationBuckets.index(of: range.upperBound) == index)
            next = range.upperBound &+ 1
        }
        #expect(next == 0)
    }
}
