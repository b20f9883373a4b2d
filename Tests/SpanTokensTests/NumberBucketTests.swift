import SpanTokens
import Testing

@Suite("Buckets of numbers")
struct NumberBucketTests {
    @Test("A larger number is never in a lower bucket", arguments: 0..<64)
    func isMonotone(seed: Int) {
        var generator = SystemRandomNumberGenerator()
        var values: [Double] = [0, -0.0, 0.5, 1, -1, .infinity, -.infinity, .greatestFiniteMagnitude, 1e-300]
        for _ in 0..<200 {
            values.append(Double(Int64.random(in: .min ... .max, using: &generator)))
            values.append(Double.random(in: -1000...1000, using: &generator))
        }
        values.sort()
        let buckets = values.compactMap { NumberBucket.of($0) }
        #expect(buckets == buckets.sorted())
        #expect(buckets.count == values.count)
    }

    @Test("What is no number is in no bucket and in no range")
    func leavesOutNaN() {
        #expect(NumberBucket.of(Double.nan) == nil)
        #expect(NumberBucket.range(.nan, 5).isEmpty)
        #expect(NumberBucket.range(5, 4).isEmpty)
    }

    @Test("A range holds the buckets of both its ends")
    func rangeHoldsEnds() {
        let range = NumberBucket.range(500, 599)
        #expect(range.contains(NumberBucket.of(500 as UInt64)))
        #expect(range.contains(NumberBucket.of(599.0)!))
        #expect(!range.contains(NumberBucket.of(200.0)!))
        #expect(range.count <= 3)
    }
}
