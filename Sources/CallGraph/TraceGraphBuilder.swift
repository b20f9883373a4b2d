import OTLP
import Summaries
import TraceAssembly
import TraceModel

/// Makes the graph of one trace. What a call is, and what calls to a peer are, is said in docs/Summaries.md: for the same spans
/// both have the same figures.
struct TraceGraphBuilder {
    private let trace: AssembledTrace
    /// Of each node of the trace, a number of `names`; `missing` for a placeholder.
    private var serviceOf: [Int] = []
    private var names: [GraphNodeID] = []
    private var services: [Tally] = []
    private var entries: [Tally] = []
    private var edges: [GraphEdgeID: Int] = [:]
    private var edgeTallies: [Tally] = []
    private var places: [SpanID: Int]?

    private static let missing = -1

    /// Sums of one row; durations are counted when all are there.
    private struct Tally {
        var errors: Int64 = 0
        var durationSum: Int128 = 0
        var buckets: [UInt16] = []
        var criticalTime: UInt64 = 0

        mutating func add(_ span: SpanValue) {
            if span.status.code == .error { errors += 1 }
            durationSum += Int128(span.durationNano)
            buckets.append(DurationBuckets.index(of: span.durationNano))
        }

        consuming func figures() -> Figures {
            Figures(errors: errors, durationSum: durationSum, durations: DurationHistogram(ofBuckets: buckets))
        }
    }

    init(_ trace: AssembledTrace) {
        self.trace = trace
        nameServices()
        addCalls()
    }

    private mutating func nameServices() {
        var numbers: [GraphNodeID: Int] = [:]
        serviceOf.reserveCapacity(trace.nodes.count)
        for node in trace.nodes {
            guard let span = node.span else {
                serviceOf.append(Self.missing)
                continue
            }
            let id = GraphNodeID(.service, span.serviceName.asSummarised)
            // Neighbours are often of one service.
            if let last = serviceOf.last, last != Self.missing, names[last] == id {
                serviceOf.append(last)
            } else if let known = numbers[id] {
                serviceOf.append(known)
            } else {
                numbers[id] = names.count
                serviceOf.append(names.count)
                names.append(id)
            }
        }
        services = Array(repeating: Tally(), count: names.count)
        entries = services
    }

    /// The node of the span that this one names as its parent, also where a ring of parents was opened.
    private mutating func parent(of index: Int) -> Int? {
        let node = trace.nodes[index]
        if let parent = node.parent { return serviceOf[parent] == Self.missing ? nil : parent }
        guard node.oddities.contains(.cycleCut), let wanted = node.span?.parentSpanID else { return nil }
        return place(of: wanted)
    }

    private mutating func place(of id: SpanID) -> Int? {
        if let places { return places[id] }
        var places: [SpanID: Int] = [:]
        for (index, node) in trace.nodes.enumerated() where !node.isMissing { places[node.spanID] = index }
        self.places = places
        return places[id]
    }

    private mutating func edge(from: Int, to: String, _ kind: GraphEdgeKind) -> Int {
        let id = GraphEdgeID(from: names[from].name, to: to, kind)
        if let known = edges[id] { return known }
        edges[id] = edgeTallies.count
        edgeTallies.append(Tally())
        return edgeTallies.count - 1
    }

    private mutating func addCalls() {
        /// Whether a call of the span was received at the other side.
        var isAnswered = Array(repeating: false, count: trace.nodes.count)
        /// The edge by which the span's service was entered, on its own behalf or that of a span above.
        var entrance: [Int?] = Array(repeating: nil, count: trace.nodes.count)
        for index in trace.nodes.indices {
            guard let span = trace.nodes[index].span else { continue }
            if let above = trace.nodes[index].parent { entrance[index] = entrance[above] }
            if let parent = parent(of: index), let caller = trace.nodes[parent].span {
                let kinds = (caller.kind.rawValue, span.kind.rawValue)
                let isOneService = serviceOf[parent] == serviceOf[index]
                if CallKind.isCall(from: kinds.0, to: kinds.1, isOneService: isOneService) {
                    isAnswered[parent] = true
                    let kind = GraphEdgeKind(CallKind.ofCall(from: kinds.0, to: kinds.1))
                    let edge = edge(from: serviceOf[parent], to: names[serviceOf[index]].name, kind)
                    edgeTallies[edge].add(span)
                    entrance[index] = edge
                }
            }
        }
        for index in trace.nodes.indices {
            guard let span = trace.nodes[index].span else { continue }
            let service = serviceOf[index]
            services[service].add(span)
            if CallKind.entersService(span.kind.rawValue) { entries[service].add(span) }
            let critical = trace.nodes[index].criticalTime
            if !isAnswered[index], let peer = SpanPeer(of: span) {
                // What it waited for was the other side.
                let edge = edge(from: service, to: peer.name, peer.kind)
                edgeTallies[edge].add(span)
                edgeTallies[edge].criticalTime &+= critical
            } else {
                services[service].criticalTime &+= critical
                if let edge = entrance[index] { edgeTallies[edge].criticalTime &+= critical }
            }
        }
    }

    /// From the service of a span that is linked to, to that of the span which links: once for each span and service. A link within
    /// a service, or to the parent, says nothing new.
    mutating func addLinks(_ linked: (SpanLink) -> String?) {
        for index in trace.nodes.indices {
            guard let span = trace.nodes[index].span, !span.links.isEmpty else { continue }
            let own = names[serviceOf[index]]
            var told: Set<GraphNodeID> = [own]
            for link in span.links {
                let isOwnTrace = link.traceID == trace.traceID
                if isOwnTrace, link.spanID == span.parentSpanID { continue }
                let name = isOwnTrace ? place(of: link.spanID).map { names[serviceOf[$0]].name } : linked(link)
                guard let name = name?.asSummarised, told.insert(GraphNodeID(.service, name)).inserted else { continue }
                let id = GraphEdgeID(from: name, to: own.name, .link)
                if edges[id] == nil {
                    edges[id] = edgeTallies.count
                    edgeTallies.append(Tally())
                }
                if let edge = edges[id] { edgeTallies[edge].add(span) }
            }
        }
    }

    consuming func graph() -> CallGraph {
        var graph = CallGraph()
        for (index, id) in names.enumerated() {
            var node = CallGraph.Node()
            node.criticalTime = services[index].criticalTime
            node.spans = services[index].figures()
            node.entries = entries[index].figures()
            graph.nodes[id] = node
        }
        for (id, index) in edges {
            var edge = CallGraph.Edge()
            edge.criticalTime = edgeTallies[index].criticalTime
            edge.total = edgeTallies[index].figures()
            graph.edges[id] = edge
            guard id.to.kind != .service else { continue }
            graph.nodes[id.to, default: CallGraph.Node()].spans.merge(edge.total)
            graph.nodes[id.to, default: CallGraph.Node()].criticalTime &+= edge.criticalTime
        }
        graph.completeNodes()
        return graph
    }
}
