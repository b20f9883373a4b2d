package import Summaries

/// What is different in a graph from one time to another. Differences that chance explains, or that are too small to matter, are
/// none; see docs/CallGraph.md for the tests.
package struct GraphDiff: Sendable {
    /// A graph and how long it was gathered.
    package struct Window: Sendable {
        package var graph: CallGraph
        package var nanoseconds: UInt64

        package init(_ graph: CallGraph, nanoseconds: UInt64) {
            (self.graph, self.nanoseconds) = (graph, nanoseconds)
        }
    }

    package struct Item<ID: Sendable>: Sendable {
        package var id: ID
        /// The gravest first; empty when it is the same as it was.
        package var changes: [GraphChange]
        /// Nil when there was none.
        package var before: Figures?
        package var after: Figures?

        package var change: GraphChange { changes.first ?? .same }
    }

    /// Both: the gravest changes first, of one change those with most calls.
    package private(set) var nodes: [Item<GraphNodeID>] = []
    package private(set) var edges: [Item<GraphEdgeID>] = []

    private let before: Window
    private let after: Window

    package init(before: Window, after: Window) {
        (self.before, self.after) = (before, after)
        let all = (Self.traffic(before.graph), Self.traffic(after.graph))
        nodes = Set(before.graph.nodes.keys).union(after.graph.nodes.keys).map { id in
            compare(id, before.graph.nodes[id]?.total, after.graph.nodes[id]?.total, traffic: all)
        }
        edges = Set(before.graph.edges.keys).union(after.graph.edges.keys).map { id in
            let traffic = (before.graph.nodes[id.from]?.total.count ?? 0, after.graph.nodes[id.from]?.total.count ?? 0)
            return compare(id, before.graph.edges[id]?.total, after.graph.edges[id]?.total, traffic: traffic)
        }
        nodes.sort { Self.precedes($0, $1) }
        edges.sort { Self.precedes($0, $1) }
    }

    /// What came into services.
    private static func traffic(_ graph: CallGraph) -> Int64 {
        graph.nodes.reduce(0) { $1.key.kind == .service ? $0 &+ max(0, $1.value.total.count) : $0 }
    }

    private static func precedes<ID: Comparable>(_ left: Item<ID>, _ right: Item<ID>) -> Bool {
        if left.change != right.change { return left.change < right.change }
        let counts = (
            max(left.before?.count ?? 0, left.after?.count ?? 0), max(right.before?.count ?? 0, right.after?.count ?? 0)
        )
        return counts.0 != counts.1 ? counts.0 > counts.1 : left.id < right.id
    }

    // MARK: Tests

    /// Chance alone makes one of so many comparisons a change.
    private static let chance = 1e-6
    /// The same for what is new or gone, where a few calls are all that can be had.
    private static let chanceOfAbsence = 1e-5
    /// In standard deviations, beyond what does not matter.
    private static let score = 4.0

    /// - Parameter traffic: calls that could have led to it, before and after.
    private func compare<ID>(
        _ id: ID, _ before: Figures?, _ after: Figures?, traffic: (before: Int64, after: Int64)
    ) -> Item<ID> {
        let (before, after) = (Self.seen(before), Self.seen(after))
        var changes: [GraphChange] = []
        switch (before, after) {
        case (nil, let after?):
            if isVisible(after.count, traffic.after, traffic.before, self.after, self.before) { changes = [.new] }
        case (let before?, nil):
            if isVisible(before.count, traffic.before, traffic.after, self.before, self.after) { changes = [.gone] }
        case (let before?, let after?):
            if Self.failsMore(after, than: before) { changes.append(.moreErrors) }
            if Self.isSlower(after.durations, than: before.durations) { changes.append(.slower) }
            if Self.failsMore(before, than: after) { changes.append(.fewerErrors) }
            if Self.isSlower(before.durations, than: after.durations) { changes.append(.faster) }
        case (nil, nil): break
        }
        return Item(id: id, changes: changes, before: before, after: after)
    }

    private static func seen(_ figures: Figures?) -> Figures? {
        figures.flatMap { $0.count > 0 ? $0 : nil }
    }

    /// Whether what was seen `count` times in one window would have been seen in the other, were it there: as often for the time,
    /// and as often for the calls that could have led to it, whichever is less.
    private func isVisible(
        _ count: Int64, _ traffic: Int64, _ otherTraffic: Int64, _ window: Window, _ other: Window
    ) -> Bool {
        guard window.nanoseconds > 0, other.nanoseconds > 0 else { return false }
        var ratio = Double(other.nanoseconds) / Double(window.nanoseconds)
        if traffic > 0, otherTraffic > 0 { ratio = min(ratio, Double(otherTraffic) / Double(traffic)) }
        var chance = 1.0
        // Given that it was seen so often in both together, all of it fell on one.
        for _ in 0..<min(count, 100_000) {
            chance /= 1 + ratio
            if chance <= Self.chanceOfAbsence { return true }
        }
        return false
    }

    /// At least twice the share and a thousandth more, or a fiftieth more; and not by chance.
    private static func failsMore(_ figures: Figures, than other: Figures) -> Bool {
        func part(_ figures: Figures) -> ShareComparison.Part {
            ShareComparison.Part(hits: min(max(0, figures.errors), figures.count), count: figures.count)
        }
        let (left, right) = (part(figures), part(other))
        let more = left.share - right.share
        guard more >= 0.02 || more >= 0.001 && left.share >= 2 * right.share else { return false }
        return ShareComparison.chance(left, over: right) <= chance
    }

    /// The whole is slower, by a quarter or more; or at least a tenth is slower by a quarter than the 95th percentile of before,
    /// where a twentieth would be usual.
    private static func isSlower(_ durations: DurationHistogram, than other: DurationHistogram) -> Bool {
        if DurationComparison.score(durations, over: other.longerByAQuarter) >= score { return true }
        guard other.count >= 20, let usual = other.percentile(perMille: 950) else { return false }
        let bound = UInt64(exactly: (Double(usual) * 1.25).rounded()) ?? .max
        let left = ShareComparison.Part(hits: durations.count(above: bound), count: durations.count)
        let right = ShareComparison.Part(hits: other.count(above: bound), count: other.count)
        guard left.share >= 0.1, left.share >= 2 * right.share else { return false }
        return ShareComparison.chance(left, over: right) <= chance
    }
}
