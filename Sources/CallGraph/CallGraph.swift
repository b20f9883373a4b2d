package import Summaries

/// Services, what they call, and how it went. A sum: graphs of traces, in any order and any grouping, add up to the graph of all
/// of them.
package struct CallGraph: Sendable, Equatable {
    package struct Node: Sendable, Equatable {
        /// All spans of a service; of others the calls to them.
        package var spans = Figures()
        /// The server and consumer spans of a service.
        package var entries = Figures()
        /// Nanoseconds of critical paths. Zero in graphs that were not made of traces.
        package var criticalTime: UInt64 = 0

        /// What the node is judged by: of a service the spans by which it is entered, if there are any.
        package var total: Figures { entries.count > 0 ? entries : spans }

        package init() {}
    }

    package struct Edge: Sendable, Equatable {
        /// Of the spans at the far side; of calls to what sends no spans, of the calling ones.
        package var total = Figures()
        /// Nanoseconds of critical paths that were spent at the far side on behalf of this edge.
        package var criticalTime: UInt64 = 0

        package init() {}
    }

    package var nodes: [GraphNodeID: Node] = [:]
    package var edges: [GraphEdgeID: Edge] = [:]

    package init() {}

    package mutating func merge(_ other: CallGraph) {
        for (id, node) in other.nodes {
            nodes[id, default: Node()].spans.merge(node.spans)
            nodes[id, default: Node()].entries.merge(node.entries)
            nodes[id, default: Node()].criticalTime &+= node.criticalTime
        }
        for (id, edge) in other.edges {
            edges[id, default: Edge()].total.merge(edge.total)
            edges[id, default: Edge()].criticalTime &+= edge.criticalTime
        }
    }

    /// Nodes are where edges begin and end, also those that nothing else is known of.
    mutating func completeNodes() {
        for id in edges.keys {
            if nodes[id.from] == nil { nodes[id.from] = Node() }
            if nodes[id.to] == nil { nodes[id.to] = Node() }
        }
    }
}
