package import TraceAssembly

/// A graph to be drawn, as an answer of the API tells it. Names are what somebody sent: whoever draws them makes them harmless.
package struct GraphPicture: Sendable {
    package struct Figures: Sendable, Equatable {
        package var count: UInt64 = 0
        package var errors: UInt64 = 0
        /// A second; nil where the time is not bounded.
        package var rate: Double?
        /// Nanoseconds.
        package var p50: UInt64?
        package var p95: UInt64?
        package var p99: UInt64?

        package init() {}
    }

    package struct Node: Sendable, Equatable {
        /// What edges name.
        package var id: String
        package var name: String
        package var kind: String
        package var figures = Figures()
        package var step = LatencyStep.negligible
        /// Of a comparison.
        package var change: GraphChange?

        package init(id: String, name: String, kind: String) { (self.id, self.name, self.kind) = (id, name, kind) }
    }

    package struct Edge: Sendable, Equatable {
        package var from: String
        package var to: String
        package var kind: String
        package var figures = Figures()
        package var step = LatencyStep.negligible
        package var change: GraphChange?

        package init(from: String, to: String, kind: String) { (self.from, self.to, self.kind) = (from, to, kind) }
    }

    package var nodes: [Node] = []
    /// Those whose ends are not among the nodes are not drawn.
    package var edges: [Edge] = []

    package init() {}

    /// Places of the nodes.
    var places: [String: Int] {
        var places: [String: Int] = [:]
        for (index, node) in nodes.enumerated() where places[node.id] == nil { places[node.id] = index }
        return places
    }
}

extension GraphPicture.Figures {
    /// What stands beside a node or an edge, such as `120 calls, 3 errors, p95 12 ms`.
    var label: String {
        var parts = [count == 1 ? "1 call" : "\(count) calls"]
        if errors > 0 { parts.append(errors == 1 ? "1 error" : "\(errors) errors") }
        if let p95 { parts.append("p95 \(TimeText.duration(p95))") }
        return parts.joined(separator: ", ")
    }
}

extension LatencyStep {
    /// The light theme's colour, and one of text on it.
    var fill: (colour: String, text: String) {
        switch self {
        case .negligible: ("#c6d0de", "#1a1a1a")
        case .small: ("#94b8c9", "#1a1a1a")
        case .noticeable: ("#e0a02f", "#1a1a1a")
        case .large: ("#d2602a", "#000000")
        case .dominant: ("#9b0f3c", "#ffffff")
        }
    }

    /// Of a line on white.
    var line: String { self == .negligible ? "#8593a8" : fill.colour }
}
