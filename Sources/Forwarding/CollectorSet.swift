import Synchronization
package import TraceModel

/// The collectors, and which of them owns a trace. Shared by the loops that receive, which ask, and the one that forwards,
/// which knows who is away.
///
/// Rendezvous hashing: each collector has a score for each trace, and the highest one owns it. So a trace's spans meet
/// whichever sidecar they come from, and a collector that is added takes its share from all others, and nothing else moves.
package final class CollectorSet: Sendable {
    package let names: [String]
    private let seeds: [UInt64]
    /// Bit n: collector n was given up for now, and others own its traces.
    private let away = Atomic<UInt64>(0)

    package static let most = 64

    package init(names: [String]) {
        precondition((1...Self.most).contains(names.count), "from 1 to \(Self.most) collectors")
        self.names = names
        // Of the name alone, so that all sidecars agree whatever the order in their files.
        seeds = names.map(Self.hash)
    }

    package var count: Int { names.count }

    package func owner(of trace: TraceID) -> Int { owner(ofKey: trace.low ^ Self.mix(trace.high)) }

    /// For what has no trace: what is of one service meets.
    package func owner(ofService name: String) -> Int {
        owner(ofKey: Self.hash(name))
    }

    private func owner(ofKey key: UInt64) -> Int {
        guard seeds.count > 1 else { return 0 }
        let away = away.load(ordering: .relaxed)
        var best = 0
        var bestScore: UInt64?
        for index in seeds.indices where away & 1 << UInt64(index) == 0 {
            let score = Self.mix(key ^ Self.mix(seeds[index]))
            if score > bestScore ?? 0 || bestScore == nil { (best, bestScore) = (index, score) }
        }
        return best
    }

    package func isAway(_ index: Int) -> Bool { away.load(ordering: .relaxed) & 1 << UInt64(index) != 0 }

    /// False when that would leave nobody.
    func setAway(_ index: Int, _ isAway: Bool) -> Bool {
        let bit: UInt64 = 1 << UInt64(index)
        guard isAway else {
            away.bitwiseAnd(~bit, ordering: .relaxed)
            return true
        }
        guard (away.load(ordering: .relaxed) | bit).nonzeroBitCount < count else { return false }
        away.bitwiseOr(bit, ordering: .relaxed)
        return true
    }

    /// FNV-1a.
    private static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
