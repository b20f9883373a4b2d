package import Summaries

extension CallGraph {
    /// The graph of what a summary holds, as far as the filter asks. Edges of which only one end lies within the filter's time
    /// are there with both. There are no links: summaries do not know them.
    package init(_ summary: Summary, _ filter: SummaryFilter = .everything) {
        self.init()
        for report in summary.nodes(filter, limit: .max).elements {
            let kind = report.calledAs.map { GraphEdgeKind($0).ending } ?? .service
            var node = Node()
            (node.spans, node.entries) = (report.spans.withoutExemplars, report.entries.withoutExemplars)
            nodes[GraphNodeID(kind, report.name)] = node
        }
        for report in summary.calls(filter, limit: .max).elements {
            var edge = Edge()
            edge.total = report.total
            edges[GraphEdgeID(from: report.from, to: report.to, GraphEdgeKind(report.kind))] = edge
        }
        completeNodes()
    }
}

extension Figures {
    fileprivate var withoutExemplars: Figures {
        Figures(errors: errors, durationSum: durationSum, durations: durations)
    }
}
