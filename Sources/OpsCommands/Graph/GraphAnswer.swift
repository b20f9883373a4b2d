import CallGraph
import JSON
import TraceAssembly

/// One answer of `/api/v1/graph` or `/api/v1/graph/diff`.
struct GraphAnswer {
    var picture = GraphPicture()
    var isTruncated: Bool
    /// Of a graph of traces: how many it is made of, and whether these are all.
    var traces: Int?
    var isComplete: Bool
    /// `history`, `share` or `mixed`; nil for a comparison.
    var basis: String?
    /// Of a comparison: there is nothing in the time before.
    var beforeIsEmpty: Bool
    /// Of a comparison, beside the nodes and edges of the picture.
    var before: (nodes: [GraphPicture.Figures?], edges: [GraphPicture.Figures?]) = ([], [])

    /// Nil when a member is missing.
    init?(_ json: JSONValue) {
        guard let nodes = json["nodes"]?.array, let edges = json["edges"]?.array else { return nil }
        isTruncated = json["truncated"]?.bool ?? false
        traces = json["traces"]?.int
        isComplete = json["complete"]?.bool ?? true
        basis = json["colour"]?["basis"]?.string
        beforeIsEmpty = json["beforeIsEmpty"]?.bool ?? false
        for item in nodes {
            guard let id = item["id"]?.string, let name = item["service"]?.string, let kind = item["kind"]?.string
            else {
                return nil
            }
            var node = GraphPicture.Node(id: id, name: name, kind: kind)
            (node.step, node.change) = (Self.step(item), Self.change(item))
            node.figures = Self.figures(item)
            picture.nodes.append(node)
            before.nodes.append(Self.before(item))
        }
        for item in edges {
            guard let from = item["from"]?.string, let to = item["to"]?.string, let kind = item["kind"]?.string else {
                return nil
            }
            var edge = GraphPicture.Edge(from: from, to: to, kind: kind)
            (edge.step, edge.change) = (Self.step(item), Self.change(item))
            edge.figures = Self.figures(item)
            picture.edges.append(edge)
            before.edges.append(Self.before(item))
        }
    }

    /// What changed alone, with the nodes at the ends of its edges.
    mutating func keepChanges() {
        let edges = picture.edges.indices.filter { (picture.edges[$0].change ?? .same) != .same }
        let ends = Set(edges.flatMap { [picture.edges[$0].from, picture.edges[$0].to] })
        let nodes = picture.nodes.indices.filter {
            (picture.nodes[$0].change ?? .same) != .same || ends.contains(picture.nodes[$0].id)
        }
        before = (nodes.map { before.nodes[$0] }, edges.map { before.edges[$0] })
        picture.edges = edges.map { picture.edges[$0] }
        picture.nodes = nodes.map { picture.nodes[$0] }
    }

    private static func step(_ item: JSONValue) -> LatencyStep {
        item["latency_step"]?.int.flatMap { UInt8(exactly: $0) }.flatMap { LatencyStep(rawValue: $0) } ?? .negligible
    }

    private static func change(_ item: JSONValue) -> GraphChange? {
        item["change"]?.string.flatMap { GraphChange(rawValue: $0) }
    }

    /// Of a comparison those after, or those before of what is gone.
    private static func figures(_ item: JSONValue) -> GraphPicture.Figures {
        guard item["change"] != nil else { return read(item) }
        if let after = item["after"], !after.isNull { return read(after) }
        return item["before"].map { read($0) } ?? GraphPicture.Figures()
    }

    private static func before(_ item: JSONValue) -> GraphPicture.Figures? {
        item["before"].flatMap { $0.isNull ? nil : read($0) }
    }

    private static func read(_ item: JSONValue) -> GraphPicture.Figures {
        var figures = GraphPicture.Figures()
        figures.count = item["count"]?.uint64 ?? 0
        figures.errors = item["errors"]?.uint64 ?? 0
        figures.rate = item["rate"]?.double
        (figures.p50, figures.p95, figures.p99) = (item["p50"]?.uint64, item["p95"]?.uint64, item["p99"]?.uint64)
        return figures
    }
}
