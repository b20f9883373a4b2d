import CallGraph
import OTLP
import Summaries
import Testing
import TraceAssembly

@Suite("Colours of a graph")
struct GraphColoursTests {
    private static func graph(_ durations: [UInt64], critical: UInt64 = 0) -> CallGraph {
        var graph = CallGraph()
        graph.nodes[service("a")] = CallGraph.Node()
        graph.nodes[service("a")]?.spans = figures(durations)
        graph.nodes[service("a")]?.criticalTime = critical
        return graph
    }

    private static let usual = (1...100).map { UInt64($0) * 1_000_000 }

    @Test("The same durations as in the hour before are cold")
    func unchanged() {
        let colours = GraphColours(Self.graph(Self.usual), history: Self.graph(Self.usual))
        #expect(colours[service("a")] == GraphColours.Mark(step: .negligible, rank: 1.0 / 120))
        #expect(colours.basis == .history)
    }

    @Test(
        "The step is how many more than usual are slower than the slowest twentieth of the hour before",
        arguments: [
            (0, LatencyStep.negligible), (10, .negligible), (12, .small), (22, .small), (23, .noticeable),
            (40, .noticeable), (41, .large), (64, .large), (65, .dominant), (100, .dominant),
        ])
    func steps(slow: Int, step: LatencyStep) {
        let durations = Self.usual.prefix(100 - slow) + Array(repeating: 500_000_000, count: slow)
        let mark = GraphColours(Self.graph(Array(durations)), history: Self.graph(Self.usual))[service("a")]
        #expect(mark == GraphColours.Mark(step: step, rank: Double(slow + 1) / 120))
    }

    @Test("A few slow calls do not colour: what is usual is weighed with them")
    func fewCalls() {
        func step(_ slow: Int) -> LatencyStep {
            GraphColours(Self.graph(Array(repeating: 500_000_000, count: slow)), history: Self.graph(Self.usual))[
                service("a")
            ]
            .step
        }
        #expect([1, 2, 5, 10, 30].map(step) == [.negligible, .small, .noticeable, .large, .dominant])
    }

    @Test("Less than an eighth slower is no slower")
    func tolerance() {
        let constant = Self.graph(Array(repeating: 100_000_000, count: 200))
        let near = GraphColours(Self.graph(Array(repeating: 110_000_000, count: 200)), history: constant)
        #expect(near[service("a")].step == .negligible)
        let far = GraphColours(Self.graph(Array(repeating: 120_000_000, count: 200)), history: constant)
        #expect(far[service("a")].step == .dominant)
    }

    @Test("With too few durations in the hour before there is no rank, and the step is the share of the time")
    func noHistory() {
        let colours = GraphColours(
            Self.graph(Self.usual, critical: 7), history: Self.graph(Array(repeating: 1, count: 19)))
        #expect(colours[service("a")] == GraphColours.Mark(step: .dominant))
        #expect(colours.basis == .share)
        #expect(
            GraphColours(Self.graph(Self.usual), history: Self.graph(Array(repeating: 1, count: 20))).basis == .history)
    }

    @Test("Of a trace the step is the share of its critical path")
    func shares() {
        let graph = graphOf([
            sample(1, 1, 1001, "shop", .server), sample(2, under: 1, 100, 400, "pay", .server),
            sample(3, under: 1, 400, 960, "stock", .server),
        ])
        let colours = GraphColours(graph)
        #expect(colours.basis == .share)
        #expect(["shop", "pay", "stock"].map { colours[service($0)].step } == [.small, .large, .dominant])
        #expect(colours[GraphEdgeID(from: "shop", to: "pay", .call)].step == .large)
        #expect(colours[GraphEdgeID(from: "shop", to: "stock", .call)].step == .dominant)
    }

    @Test(
        "Without traces the own time of a node is its time less that of its calls, dealt out to the edges that lead to it"
    )
    func estimates() {
        var graph = CallGraph()
        func node(_ name: String, _ durations: [UInt64]) {
            graph.nodes[service(name), default: CallGraph.Node()].spans = figures(durations)
        }
        func edge(_ from: String, _ to: String, _ durations: [UInt64], _ kind: GraphEdgeKind = .call) {
            graph.edges[GraphEdgeID(from: from, to: to, kind), default: CallGraph.Edge()].total = figures(durations)
        }
        node("front", [100])
        node("pay", [80, 10])
        node("mail", [50])
        edge("front", "pay", [80])
        edge("batch", "pay", [10])
        edge("front", "mail", [50], .message)
        graph.nodes[service("batch")] = CallGraph.Node()
        // Own times: front 20, pay 90, mail 50, of 160.
        let colours = GraphColours(graph)
        #expect(
            ["front", "pay", "mail", "batch"].map { colours[service($0)].step } == [
                .small, .dominant, .large, .negligible,
            ])
        #expect(colours[GraphEdgeID(from: "front", to: "pay", .call)].step == .dominant)
        #expect(colours[GraphEdgeID(from: "batch", to: "pay", .call)].step == .small)
        #expect(colours[GraphEdgeID(from: "front", to: "mail", .message)].step == .large)
    }
}
