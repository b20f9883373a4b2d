import Summaries
package import TraceAssembly

/// The colours of a graph's nodes and edges. The function is described in docs/CallGraph.md.
package struct GraphColours: Sendable {
    /// What the colours of a graph say.
    package enum Basis: String, Sendable {
        /// How much slower things are than in the hour before.
        case history
        /// Where the time went.
        case share
        /// The first where there is a history, else the second.
        case mixed
    }

    package struct Mark: Sendable, Equatable {
        package var step: LatencyStep
        /// The share of the durations that are slower than nearly all in the hour before; nil without history.
        package var rank: Double?

        package init(step: LatencyStep, rank: Double? = nil) { (self.step, self.rank) = (step, rank) }
    }

    private var nodes: [GraphNodeID: Mark] = [:]
    private var edges: [GraphEdgeID: Mark] = [:]
    package let basis: Basis

    /// - Parameter history: of the hour before; nil to colour by share alone.
    package init(_ graph: CallGraph, history: CallGraph? = nil) {
        let shares = TimeShares(graph)
        var (ranked, others) = (0, 0)
        for (id, node) in graph.nodes {
            let before = history?.nodes[id]?.total
            let mark = before.flatMap { Self.mark(node.total, before: $0) }
            if mark == nil { others += 1 } else { ranked += 1 }
            nodes[id] = mark ?? Mark(step: LatencyStep(part: shares.nodes[id] ?? 0, whole: shares.whole))
        }
        for (id, edge) in graph.edges {
            let before = history?.edges[id]?.total
            let mark = before.flatMap { Self.mark(edge.total, before: $0) }
            if mark == nil { others += 1 } else { ranked += 1 }
            edges[id] = mark ?? Mark(step: LatencyStep(part: shares.edges[id] ?? 0, whole: shares.whole))
        }
        basis = ranked == 0 ? .share : others == 0 ? .history : .mixed
    }

    package subscript(_ id: GraphNodeID) -> Mark { nodes[id] ?? Mark(step: .negligible) }
    package subscript(_ id: GraphEdgeID) -> Mark { edges[id] ?? Mark(step: .negligible) }

    /// So many durations make a history.
    package static let leastHistory: Int64 = 20

    /// By how many durations are slower than usual. Usual is that one in twenty is slower than the 95th percentile; twenty usual
    /// ones are added to what was seen, so that a few calls do not flicker.
    static func mark(_ now: Figures, before: Figures) -> Mark? {
        guard now.count > 0, before.count >= leastHistory, let usual = before.durations.percentile(perMille: 950)
        else { return nil }
        let slow = now.durations.count(above: usual.withAnEighth)
        let seen = UInt64(clamping: now.count + 20)
        // (slow + 1) / (count + 20) - 1 / 20
        let beyond = UInt64(clamping: max(0, 20 * Int128(slow) - Int128(now.count)))
        return Mark(
            step: LatencyStep(part: beyond, whole: UInt64(clamping: 20 * Int128(seen))),
            rank: Double(slow + 1) / Double(seen))
    }
}

extension UInt64 {
    /// What is longer than this is longer by more than noise.
    var withAnEighth: UInt64 { self <= .max - self / 8 ? self + self / 8 : .max }
}
