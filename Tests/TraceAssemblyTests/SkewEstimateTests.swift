import Testing

@testable import TraceAssembly

@Suite("Skewed and drifting clocks are found out")
struct SkewEstimateTests {
    @Test(
        "±5 s and drift on a fifth of the hosts: for 99 % of the pairs within half the round trip", arguments: [2_000])
    func estimates(traces: Int) {
        var direct = Tally()
        var tied = Tally()
        var bounded = Tally()
        for seed in 0..<UInt64(traces) {
            var generator = SeededGenerator(seed: seed)
            let trace = SkewedTrace(using: &generator)
            let skew = ClockSkew(
                parent: trace.parent, start: trace.start, end: trace.end, kind: trace.kind, host: trace.host,
                isUntimed: Array(repeating: false, count: trace.parent.count), hostCount: trace.hostCount)

            for pair in skew.pairs {
                let truth = trace.truth(Int(pair.first), Int(pair.second))
                let half = (trace.roundTrip[[pair.first, pair.second]] ?? 0) / 2
                direct.count((pair.bounds.mid - truth).magnitude <= half)
                bounded.count(pair.bounds.contains(truth))
            }
            if skew.pairs.count != trace.roundTrip.count { Issue.record("seed \(seed): not all pairs were found") }
            for (host, offset) in skew.offsets.enumerated() {
                guard let offset, Int(offset.reference) != host else { continue }
                let truth = trace.truth(Int(offset.reference), host)
                tied.count((offset.mid - truth).magnitude <= offset.bounds.width / 2)
            }
            checkShifts(of: trace, skew, seed: seed)
        }
        print(
            "clock skew over \(traces) traces: \(direct) host pairs that called each other within half their smallest round trip, "
                + "\(bounded) within the bounds, \(tied) hosts within half the round trips to the reference")
        #expect(direct.isAtLeast(99, percentOf: 10_000))
        #expect(bounded.isAtLeast(99, percentOf: 10_000))
        #expect(tied.isAtLeast(99, percentOf: 10_000))
    }

    private func checkShifts(of trace: SkewedTrace, _ skew: ClockSkew, seed: UInt64) {
        for node in trace.parent.indices {
            let host = Int(trace.host[node])
            if trace.isAsync[node], !skew.isAsync[node] || skew.shift(of: node) != 0 {
                Issue.record("seed \(seed): async node \(node) was moved by \(skew.shift(of: node))")
            }
            guard let offset = skew.offsets[host] else { continue }
            let reference = Int(offset.reference)
            if trace.ahead[host] == 0, trace.ahead[reference] == 0, skew.shift(of: node) != 0 {
                Issue.record("seed \(seed): node \(node) of a host that is right was moved by \(skew.shift(of: node))")
            }
        }
    }
}

/// How often something held.
private struct Tally: CustomStringConvertible {
    private var all = 0
    private var held = 0

    mutating func count(_ holds: Bool) {
        all += 1
        held += holds ? 1 : 0
    }

    func isAtLeast(_ percent: Int, percentOf least: Int) -> Bool { all >= least && held * 100 >= all * percent }

    var description: String {
        let hundredths = all == 0 ? 0 : held * 10_000 / all
        let rest = hundredths % 100
        return "\(held) of \(all) (\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) %)"
    }
}
