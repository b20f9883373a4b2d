import Summaries

/// Where the time of a graph went: of each node the time that was its own, of each edge that which its end spent on its behalf.
///
/// Of traces it is their critical path. Summaries know none; there the time of a node is what its spans took less what the calls
/// from it took, and it is divided among the edges to it as their durations are.
struct TimeShares {
    private(set) var nodes: [GraphNodeID: UInt64] = [:]
    private(set) var edges: [GraphEdgeID: UInt64] = [:]
    private(set) var whole: UInt64 = 0

    init(_ graph: CallGraph) {
        if graph.nodes.values.contains(where: { $0.criticalTime > 0 }) {
            nodes = graph.nodes.mapValues(\.criticalTime)
            edges = graph.edges.mapValues(\.criticalTime)
        } else {
            estimate(graph)
        }
        for time in nodes.values { whole = whole.addingReportingOverflow(time).overflow ? .max : whole + time }
    }

    private mutating func estimate(_ graph: CallGraph) {
        var spent: [GraphNodeID: Int128] = [:]
        var waited: [GraphNodeID: Int128] = [:]
        for (id, edge) in graph.edges where id.kind != .link {
            spent[id.to, default: 0] += edge.total.durationSum
            if id.kind.isWaitedFor, id.from != id.to { waited[id.from, default: 0] += edge.total.durationSum }
        }
        for (id, node) in graph.nodes {
            nodes[id] = UInt64(clamping: max(0, node.total.durationSum - (waited[id] ?? 0)))
        }
        for (id, edge) in graph.edges where id.kind != .link {
            guard let all = spent[id.to], all > 0, let own = nodes[id.to] else { continue }
            let share = min(1, max(0, Double(edge.total.durationSum) / Double(all)))
            edges[id] = UInt64(exactly: (Double(own) * share).rounded()) ?? own
        }
    }
}
