import OpsCommands
import Testing

@Suite("Latency histogram")
struct LatencyHistogramTests {
    @Test("Small values are exact")
    func exact() {
        var histogram = LatencyHistogram()
        for value in 1...100 as ClosedRange<UInt64> { histogram.add(nanoseconds: value) }
        #expect(histogram.quantile(0.5) == 50)
        #expect(histogram.quantile(0.99) == 99)
        #expect(histogram.quantile(1) == 100)
    }

    @Test(
        "A quantile is never below the true value, and at most a sixty-fourth above",
        arguments: [1, 63, 64, 127, 128, 1_000, 65_535, 1_000_000, 1 << 40, .max / 2, .max] as [UInt64])
    func bounds(value: UInt64) {
        var histogram = LatencyHistogram()
        histogram.add(nanoseconds: value)
        histogram.add(nanoseconds: .max)
        let told = histogram.quantile(0.5)
        #expect(told >= value)
        #expect(told - value <= value / 64)
    }

    @Test("Without values every quantile is zero")
    func empty() {
        #expect(LatencyHistogram().quantile(0.99) == 0)
    }
}
