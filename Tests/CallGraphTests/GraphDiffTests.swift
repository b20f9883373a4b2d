import CallGraph
import Summaries
import Testing

@Suite("The difference of two graphs")
struct GraphDiffTests {
    private static let hour: UInt64 = 3_600_000_000_000

    @Test(
        "Of 1,000 edges all of 200 planted changes are found, with their kind, and nothing else",
        arguments: [1, 2, 3] as [UInt64])
    func planted(seed: UInt64) {
        let shapes: [(before: Double, after: Double)] = [(60, 15), (60, 60), (20, 60), (120, 30)]
        var system = GeneratedSystem(
            seed: seed, minutes: shapes[Int(seed) % shapes.count], load: [1, 0.7, 1.5][Int(seed) % 3])
        let diff = GraphDiff(before: system.window(after: false), after: system.window(after: true))
        let found = diff.edges.filter { $0.change != .same }
        let planted = system.edges.filter { $0.planted != nil }
        #expect(planted.count == 200)
        var wrong: [String] = []
        let wanted = Dictionary(uniqueKeysWithValues: planted.map { ($0.id, $0.planted) })
        for item in found where item.changes.map(Optional.some) != [wanted[item.id] ?? .none] {
            wrong.append(
                "\(item.id.from.name) > \(item.id.to.text): \(item.changes), planted \(wanted[item.id] ?? nil, default: "nothing")"
            )
        }
        let missed = planted.filter { edge in !found.contains { $0.id == edge.id } }
        wrong += missed.map { "missed \($0.planted, default: "") of \($0.id.from.name) > \($0.id.to.text)" }
        #expect(wrong == [], "seed \(seed)")
        #expect(found.count == 200)
    }

    @Test("Without a change nothing is told, whatever the windows", arguments: [11, 12, 13] as [UInt64])
    func unchanged(seed: UInt64) {
        var system = GeneratedSystem(seed: seed, minutes: (60, seed == 12 ? 5 : 60), load: 1)
        let diff = GraphDiff(before: system.window(after: false), after: system.window(after: false))
        // The second is a window of the same length and load; what it lacks is what was planted to come.
        #expect(diff.edges.filter { $0.change != .same }.map { "\($0)" } == [])
        #expect(diff.nodes.filter { $0.change != .same }.map { "\($0)" } == [])
    }

    private static func window(
        _ durations: [UInt64]?, errors: Int64 = 0, traffic: Int = 1_000, nanoseconds: UInt64 = hour
    )
        -> GraphDiff.Window
    {
        var graph = CallGraph()
        graph.nodes[service("a")] = CallGraph.Node()
        graph.nodes[service("a")]?.spans = figures(Array(repeating: 1, count: traffic))
        if let durations {
            graph.edges[GraphEdgeID(from: "a", to: "b", .call)] = CallGraph.Edge()
            graph.edges[GraphEdgeID(from: "a", to: "b", .call)]?.total = figures(durations, errors: errors)
        }
        return GraphDiff.Window(graph, nanoseconds: nanoseconds)
    }

    private static func changes(_ before: GraphDiff.Window, _ after: GraphDiff.Window) -> [GraphChange] {
        GraphDiff(before: before, after: after).edges.first { $0.id.to == service("b") }?.changes ?? [.same]
    }

    private static func calls(_ count: Int, of duration: UInt64 = 1_000_000) -> [UInt64] {
        Array(repeating: duration, count: count)
    }

    @Test("New and gone are told once the other window would have shown it")
    func visible() {
        let nothing = Self.window(nil)
        #expect(Self.changes(nothing, Self.window(Self.calls(16))) == [])
        #expect(Self.changes(nothing, Self.window(Self.calls(17))) == [.new])
        #expect(Self.changes(Self.window(Self.calls(16)), nothing) == [])
        #expect(Self.changes(Self.window(Self.calls(17)), nothing) == [.gone])
        // A day before makes four calls of an hour news; three minutes before do not make a hundred so.
        #expect(Self.changes(Self.window(nil, nanoseconds: 24 * Self.hour), Self.window(Self.calls(4))) == [])
        let day = Self.window(nil, traffic: 24_000, nanoseconds: 24 * Self.hour)
        #expect(Self.changes(day, Self.window(Self.calls(3))) == [])
        #expect(Self.changes(day, Self.window(Self.calls(4))) == [.new])
        #expect(Self.changes(Self.window(nil, nanoseconds: Self.hour / 20), Self.window(Self.calls(100))) == [])
    }

    @Test("What is not called because nothing is to do is not gone")
    func quiet() {
        #expect(Self.changes(Self.window(Self.calls(50)), Self.window(nil, traffic: 10)) == [])
        #expect(Self.changes(Self.window(Self.calls(50)), Self.window(nil, traffic: 0)) == [.gone])
    }

    @Test("A few errors more are chance, many are not")
    func errors() {
        func changes(_ before: Int64, _ after: Int64, _ count: Int) -> [GraphChange] {
            Self.changes(
                Self.window(Self.calls(count), errors: before), Self.window(Self.calls(count), errors: after))
        }
        #expect(changes(0, 2, 10) == [])
        #expect(changes(0, 10, 10) == [])
        #expect(changes(0, 12, 12) == [.moreErrors])
        #expect(changes(10, 20, 1_000) == [])
        #expect(changes(10, 60, 1_000) == [.moreErrors])
        #expect(changes(60, 10, 1_000) == [.fewerErrors])
        // Certain, and too small to matter.
        #expect(changes(10_000, 11_000, 1_000_000) == [])
    }

    @Test("Slower and faster need enough calls and enough of a difference")
    func durations() {
        func changes(_ before: [UInt64], _ after: [UInt64]) -> [GraphChange] {
            Self.changes(Self.window(before), Self.window(after))
        }
        #expect(changes(Self.calls(6), Self.calls(6, of: 9_000_000)) == [])
        #expect(changes(Self.calls(12), Self.calls(12, of: 9_000_000)) == [.slower])
        #expect(changes(Self.calls(30), Self.calls(30, of: 9_000_000)) == [.slower])
        #expect(changes(Self.calls(30, of: 9_000_000), Self.calls(30)) == [.faster])
        #expect(changes(Self.calls(10_000), Self.calls(10_000, of: 1_100_000)) == [])
        // The median stays, a fifth hangs.
        #expect(changes(Self.calls(200), Self.calls(160) + Self.calls(40, of: 9_000_000)) == [.slower])
        #expect(changes(Self.calls(200), Self.calls(190) + Self.calls(10, of: 9_000_000)) == [])
    }

    @Test("Several changes stand with the gravest first, and the gravest edges first")
    func order() {
        let before = Self.window(Self.calls(100))
        let after = Self.window(Self.calls(100, of: 9_000_000), errors: 50)
        #expect(Self.changes(before, after) == [.moreErrors, .slower])
        #expect(
            GraphChange.allCases.sorted().map(\.rawValue) == [
                "gone", "new", "more-errors", "slower", "fewer-errors", "faster", "same",
            ])
    }
}
