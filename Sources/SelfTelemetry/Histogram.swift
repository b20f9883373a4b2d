import Synchronization

/// Counts observations in buckets whose upper bounds are fixed when it is made.
package final class Histogram: Sendable {
    /// Bounds that suit request latencies in seconds, 0.5 ms to 10 s.
    package static let latencyBounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    package let bounds: [Double]
    /// One more than there are bounds: the last one takes what is over all of them.
    private let buckets: [Counter]
    private let sumBits = Atomic<UInt64>(Double.zero.bitPattern)

    package init(bounds: [Double] = Histogram.latencyBounds) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bucket bounds must rise")
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        buckets[index].add(1)
        var seen = sumBits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: seen) + value).bitPattern
            let (exchanged, original) = sumBits.compareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }

    package func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    package struct Snapshot: Equatable {
        /// Observations up to and including each bound, then all of them.
        package var cumulative: [UInt64]
        package var sum: Double
        package var count: UInt64 { cumulative.last ?? 0 }
    }

    /// The count is the sum of the buckets read, so a snapshot agrees with itself while others observe.
    package var snapshot: Snapshot {
        var running: UInt64 = 0
        let cumulative = buckets.map { bucket in
            running &+= bucket.value
            return running
        }
        return Snapshot(cumulative: cumulative, sum: Double(bitPattern: sumBits.load(ordering: .relaxed)))
    }
}
