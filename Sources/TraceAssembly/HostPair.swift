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

/// One request between two hosts.
struct ClockSample {
    var first: UInt32
    var second: UInt32
    /// What this request alone says about the second clock minus the first.
    var bounds: ClockInterval
    /// When the first host saw it begin.
    var time: UInt64

    /// Nil when the pair says nothing: the caller has no length, or the callee took longer than the caller waited for it.
    ///
    /// The callee begins after the request was sent and ends before the answer is there. So its clock is ahead by no more
    /// than the difference of the starts, and by no less than the difference of the ends.
    init?(client: Int, server: Int, start: [UInt64], end: [UInt64], host: [UInt32]) {
        guard end[client] > start[client], end[server] >= start[server] else { return nil }
        let ahead = ClockInterval(
            low: ClockInterval.difference(end[server], end[client]),
            high: ClockInterval.difference(start[server], start[client]))
        guard ahead.low <= ahead.high else { return nil }
        if host[client] < host[server] {
            (first, second, bounds, time) = (host[client], host[server], ahead, start[client])
        } else {
            (first, second, bounds, time) = (host[server], host[client], ahead.reversed, start[server])
        }
    }
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
    init(agreeing samples: ArraySlice<ClockSample>) {
        let sample = samples[samples.startIndex]
        (first, second, pairs) = (sample.first, sample.second, samples.count)
        let middle = samples.map(\.time).sorted()[samples.count / 2]
        var edges: [(value: Int64, isEnd: Bool)] = []
        edges.reserveCapacity(2 * samples.count)
        for sample in samples {
            let distance = sample.time > middle ? sample.time - middle : middle - sample.time
            let widened = sample.bounds.widened(by: distance / Self.driftDivisor)
            edges.append((widened.low, false))
            edges.append((widened.high, true))
        }
        edges.sort { ($0.value, $0.isEnd ? 1 : 0) < ($1.value, $1.isEnd ? 1 : 0) }
        (bounds, agreeing) = (sample.bounds, 0)
        var votes = 0
        for (place, edge) in edges.enumerated() {
            guard !edge.isEnd else {
                votes -= 1
                continue
            }
            votes += 1
            let next = edges[place + 1]  // the last edge is an end
            let region = ClockInterval(low: edge.value, high: next.value)
            if votes > agreeing || (votes == agreeing && next.isEnd && region.width < bounds.width) {
                (bounds, agreeing) = (region, votes)
            }
        }
    }
}
