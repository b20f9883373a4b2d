import LargeArrays

/// The latency step of each node, and the rank that it follows from where there is history.
package struct TraceColours: Sendable {
    /// In ten-thousandths; `noRank` where the operation has no history.
    package let rank: [UInt16]
    package let step: [LatencyStep]
    package let basis: Basis

    package static let noRank = UInt16.max

    /// What the steps of a trace follow from.
    package enum Basis: String, Sendable {
        case history
        case share
        /// Some operations have a history and others have none.
        case mixed
    }

    /// - Parameter history: by number of operation. Nodes of operations beyond are no spans: they have none, and do not count
    ///   for the basis.
    init(
        durations: some Sequence<UInt64>, operations: [UInt32], criticalTimes: [UInt64], pathTotal: UInt64,
        _ history: [RankTable?]
    ) {
        var ranks = [UInt16](roomFor: operations.count)
        var steps = [LatencyStep](roomFor: operations.count)
        var (ranked, others) = (0, 0)
        for (node, duration) in durations.enumerated() {
            let number = Int(operations[node])
            if number < history.count, let table = history[number] {
                let rank = table.rank(of: duration)
                ranks.append(rank)
                steps.append(LatencyStep(rank: rank))
                ranked += 1
            } else {
                ranks.append(Self.noRank)
                steps.append(LatencyStep(part: criticalTimes[node], whole: pathTotal))
                if number < history.count { others += 1 }
            }
        }
        (rank, step) = (ranks, steps)
        basis = ranked == 0 ? .share : others == 0 ? .history : .mixed
    }
}
