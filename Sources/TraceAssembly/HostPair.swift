/// How the clocks of two hosts differ that called each other.
package struct HostPair: Equatable, Sendable {
    /// The smaller number of the two.
    package var first: UInt32
    package var second: UInt32
    /// Bounds of the second host's clock minus the first's, in the middle of the time in which they called each other.
    package var bounds: ClockInterval
    /// How many requests, in either direction, were measured.
    package var pairs: Int
    /// How many of them agree with the bounds.
    package var agreeing: Int
}

extension HostPair {
    /// Clocks run apart by this part of the time at most, a quartz's usual error on both sides: 100 in a million.
    private static let driftDivisor: UInt64 = 10_000

    /// What all requests of one pair of hosts, at least one, say together.
    ///
    /// Each bounds the difference at its own moment. For the moment in the middle of all of them the bounds are wider by
    /// as much as the clocks may have drifted apart in between. Of those, the interval counts in which most requests
    /// agree; where several have the same number of votes, the narrowest one. So a request that lies (a caller that gave up,
    /// a callee that was restarted, a clock that jumped) is outvoted and never empties the result.
    init(agreeing samples: [ClockSample]) {
        let sample = samples[0]
        (first, second, pairs) = (sample.first, sample.second, samples.count)
        let middle = samples.map(\.time).sorted()[samples.count / 2]
        var lows: [Int64] = []
        var highs: [Int64] = []
        lows.reserveCapacity(samples.count)
        highs.reserveCapacity(samples.count)
        for sample in samples {
            let distance = sample.time > middle ? sample.time - middle : middle - sample.time
            let widened = sample.bounds.widened(by: distance / Self.driftDivisor)
            lows.append(widened.low)
            highs.append(widened.high)
        }
        lows.sort()
        highs.sort()

        (bounds, agreeing) = (sample.bounds, 0)
        // Goes up through all bounds: each low one adds a vote, each high one takes one away.
        var votes = 0
        var passed = 0
        for (place, low) in lows.enumerated() {
            while highs[passed] < low {
                votes -= 1
                passed += 1
            }
            votes += 1
            if place + 1 < lows.count, lows[place + 1] <= highs[passed] { continue }
            let region = ClockInterval(low: low, high: highs[passed])
            if votes > agreeing || (votes == agreeing && region.width < bounds.width) {
                (bounds, agreeing) = (region, votes)
            }
        }
    }
}
