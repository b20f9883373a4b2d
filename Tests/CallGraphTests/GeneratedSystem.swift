import CallGraph
import Glibc
import Summaries

/// A system of services and what was seen of it in two windows: calls come as a Poisson process, durations are log-normal, and a
/// part of the calls fails. Some edges are changed on purpose.
struct GeneratedSystem {
    struct Edge {
        var id: GraphEdgeID
        /// Calls a minute.
        var rate: Double
        /// Nanoseconds, and the spread of its logarithm.
        var median: Double
        var spread: Double
        var errors: Double
        var planted: GraphChange?
        var factor = 1.0
        var errorsAfter: Double?
        /// A slowdown of so large a part only.
        var slowPart: Double?
    }

    private(set) var edges: [Edge] = []
    private let minutes: (before: Double, after: Double)
    /// How much more or less there is to do in the second window.
    private let load: Double
    private var generator: SeededGenerator

    init(seed: UInt64, minutes: (before: Double, after: Double), load: Double) {
        generator = SeededGenerator(seed: seed)
        self.minutes = minutes
        self.load = load
        var seen: Set<GraphEdgeID> = []
        while edges.count < 1_000 {
            let kind: GraphEdgeKind =
                [.call, .call, .call, .message, .database].randomElement(using: &generator) ?? .call
            let from = Int.random(in: 0..<150, using: &generator)
            let to =
                kind == .database
                ? Int.random(in: 0..<20, using: &generator) : Int.random(in: 0..<150, using: &generator)
            let id = GraphEdgeID(from: "service-\(from)", to: kind == .database ? "db-\(to)" : "service-\(to)", kind)
            guard seen.insert(id).inserted else { continue }
            edges.append(
                Edge(
                    id: id, rate: exp(uniform(log(0.01), log(8))), median: exp(uniform(log(5e5), log(5e8))),
                    spread: uniform(0.3, 0.8), errors: [0, 0, 0.001, 0.01, 0.05].randomElement(using: &generator) ?? 0))
        }
        plant()
    }

    private mutating func uniform(_ low: Double, _ high: Double) -> Double {
        Double.random(in: low...high, using: &generator)
    }

    /// 200 changes that were seen often enough to tell.
    private mutating func plant() {
        let shorter = min(minutes.before, minutes.after * load)
        let kinds: [(GraphChange, Int, least: Double)] = [
            (.moreErrors, 35, 150), (.fewerErrors, 20, 150), (.slower, 40, 200), (.faster, 25, 200), (.new, 40, 30),
            (.gone, 40, 30),
        ]
        for (kind, count, least) in kinds {
            for _ in 0..<count {
                guard let free = edges.indices.filter({ edges[$0].planted == nil }).randomElement(using: &generator)
                else {
                    return
                }
                edges[free].planted = kind
                edges[free].rate = least / shorter * uniform(1, 3)
                switch kind {
                case .moreErrors: edges[free].errorsAfter = edges[free].errors + uniform(0.2, 0.5)
                case .fewerErrors:
                    edges[free].errors = uniform(0.3, 0.6)
                    edges[free].errorsAfter = uniform(0, 0.03)
                case .slower:
                    if Bool.random(using: &generator) {
                        edges[free].factor = uniform(2.5, 6)
                    } else {
                        // A replica of three hangs.
                        edges[free].factor = uniform(8, 20)
                        edges[free].slowPart = 0.33
                    }
                case .faster: edges[free].factor = 1 / uniform(2.5, 6)
                case .new, .gone, .same: break
                }
            }
        }
    }

    mutating func window(after isAfter: Bool) -> GraphDiff.Window {
        var graph = CallGraph()
        let minutes = isAfter ? minutes.after : minutes.before
        for edge in edges {
            if edge.planted == (isAfter ? .gone : .new) { continue }
            let count = poisson(edge.rate * minutes * (isAfter ? load : 1))
            guard count > 0 else { continue }
            // No two windows are quite the same.
            let drift = exp(0.04 * normal())
            var durations: [UInt64] = []
            var errors: Int64 = 0
            let failing = isAfter ? edge.errorsAfter ?? edge.errors : edge.errors
            for _ in 0..<count {
                let isSlow = isAfter && uniform(0, 1) < edge.slowPart ?? 1
                let duration = edge.median * drift * (isSlow ? edge.factor : 1) * exp(edge.spread * normal())
                durations.append(UInt64(duration))
                if uniform(0, 1) < failing { errors += 1 }
            }
            let seen = figures(durations, errors: errors)
            graph.edges[edge.id, default: CallGraph.Edge()].total.merge(seen)
            if edge.id.to.kind == .service {
                graph.nodes[edge.id.to, default: CallGraph.Node()].entries.merge(seen)
            } else {
                graph.nodes[edge.id.to, default: CallGraph.Node()].spans.merge(seen)
            }
        }
        for service in 0..<150 {
            let count = poisson(400 * minutes / 60 * (isAfter ? load : 1))
            graph.nodes[GraphNodeID(.service, "service-\(service)"), default: CallGraph.Node()].entries
                .merge(figures(Array(repeating: 1_000_000, count: count)))
        }
        return GraphDiff.Window(graph, nanoseconds: UInt64(minutes * 60e9))
    }

    private mutating func normal() -> Double {
        sqrt(-2 * log(uniform(1e-12, 1))) * cos(2 * .pi * uniform(0, 1))
    }

    private mutating func poisson(_ mean: Double) -> Int {
        if mean > 60 { return max(0, Int((mean + mean.squareRoot() * normal()).rounded())) }
        let bound = exp(-mean)
        var product = uniform(0, 1)
        var count = 0
        while product > bound {
            product *= uniform(0, 1)
            count += 1
        }
        return count
    }
}
