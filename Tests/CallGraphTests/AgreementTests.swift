import CallGraph
import OTLP
import SpanTokens
import Summaries
import Testing
import TraceAssembly
import TraceModel

@Suite("Graphs of traces and of summaries are the same")
struct AgreementTests {
    private static let beginning: UInt64 = 1_795_798_800_000_000_000

    /// Spans of some traces, in which much is wrong: missing, cyclic and own parents, copies, copies that differ, no times.
    private static func spans(_ generator: inout SeededGenerator) -> [SpanValue] {
        let services = ["shop", "pay", "mail", "", "caf\u{E9}", "cafe\u{301}"]
        let peers: [Attribute] = [
            Attribute("db.system", .string("redis")), Attribute("db.system.name", .string("postgresql")),
            Attribute("messaging.system", .string("kafka")), Attribute("server.address", .string("out.example")),
            Attribute("peer.service", .string("")), Attribute("peer.service", .int(3)),
            Attribute("http.method", .string("GET")),
            Attribute("net.peer.name", .string(String(repeating: "é", count: 140))),
        ]
        var spans: [SpanValue] = []
        for trace in 0..<UInt64.random(in: 1...4, using: &generator) {
            let ids = UInt64.random(in: 1...20, using: &generator)
            for _ in 0..<Int.random(in: 1...30, using: &generator) {
                let start = beginning + UInt64.random(in: 0...200_000_000_000, using: &generator)
                var end = start &+ UInt64.random(in: 0...3_000_000, using: &generator) &- 200_000
                if Int.random(in: 0..<20, using: &generator) == 0 { end = 0 }
                let parent = UInt64.random(in: 0...ids + 2, using: &generator)
                let picks = Int.random(in: 0...3, using: &generator)
                spans.append(
                    sample(
                        UInt64.random(in: 1...ids, using: &generator), under: parent == 0 ? nil : parent, start, end,
                        services.randomElement(using: &generator) ?? "",
                        SpanKind.allCases.randomElement(using: &generator) ?? .server,
                        error: Bool.random(using: &generator),
                        attributes: (0..<picks).map { _ in peers.randomElement(using: &generator) ?? peers[0] },
                        of: TraceID(high: 1, low: trace)))
                if Int.random(in: 0..<6, using: &generator) == 0, let last = spans.last { spans.append(last) }
            }
        }
        return spans.shuffled(using: &generator)
    }

    /// As the store makes it when spans arrive.
    private static func summary(of spans: [SpanValue]) -> Summary {
        var builder = SummaryBuilder()
        var walk = SpanFactsWalk()
        OTLPSpanWriter.encode(spans).withUnsafeBytes { message in
            walk.walk(message) { facts in
                func shortened(_ text: UnsafeRawBufferPointer) -> String {
                    String(decoding: text.prefix(text.count > 255 ? 254 : 255), as: UTF8.self)
                }
                var peer = SymbolTable.none
                if facts.peerKind != .none, facts.kind == 3 || facts.kind == 4 {
                    peer = builder.symbols.intern(shortened(facts.peer))
                }
                let kinds: [SpanFacts.PeerKind: SpanDigest.PeerKind] = [
                    .none: .none, .host: .host, .queue: .queue, .database: .database,
                ]
                builder.add(
                    SpanDigest(
                        trace: TraceID(high: facts.traceHigh, low: facts.traceLow), spanID: facts.spanID,
                        parentID: facts.parentID, start: facts.start, end: facts.end,
                        service: builder.symbols.intern(shortened(facts.service)),
                        operation: builder.symbols.intern("any"), kind: facts.kind, status: facts.status, peer: peer,
                        peerKind: peer == SymbolTable.none ? .none : kinds[facts.peerKind] ?? .none,
                        contentHash: facts.contentHash))
            }
        }
        return builder.summary()
    }

    private static func graphs(of spans: [SpanValue]) -> [CallGraph] {
        Dictionary(grouping: spans, by: \.traceID).sorted { $0.key.low < $1.key.low }.map { id, spans in
            CallGraph(assemble(spans, as: id))
        }
    }

    @Test(
        "They have the same nodes and edges with the same counts, errors and durations",
        arguments: 0..<500 as Range<UInt64>)
    func agreement(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let spans = Self.spans(&generator)
        var sum = CallGraph()
        for graph in Self.graphs(of: spans) { sum.merge(graph) }
        let expected = CallGraph(Self.summary(of: spans))
        for id in sum.nodes.keys { sum.nodes[id]?.criticalTime = 0 }
        for id in sum.edges.keys { sum.edges[id]?.criticalTime = 0 }
        #expect(sum.lines == expected.lines)
        #expect(sum == expected)
        for (id, edge) in expected.edges {
            #expect(
                sum.edges[id]?.total.durations.percentile(perMille: 950)
                    == edge.total.durations.percentile(perMille: 950))
        }
    }

    @Test("Graphs add up to the same in any order and grouping", arguments: 0..<100 as Range<UInt64>)
    func sums(seed: UInt64) {
        var generator = SeededGenerator(seed: 5000 + seed)
        let parts = Self.graphs(of: Self.spans(&generator)) + Self.graphs(of: Self.spans(&generator))
        var forward = CallGraph()
        for part in parts { forward.merge(part) }
        var shuffled = CallGraph()
        for part in parts.shuffled(using: &generator) { shuffled.merge(part) }
        #expect(shuffled == forward)
        let cut = Int.random(in: 0...parts.count, using: &generator)
        var left = CallGraph()
        for part in parts[..<cut] { left.merge(part) }
        var right = CallGraph()
        for part in parts[cut...] { right.merge(part) }
        right.merge(left)
        #expect(right == forward)
    }

    @Test("The critical time of nodes is that of the spans", arguments: 0..<100 as Range<UInt64>)
    func critical(seed: UInt64) {
        var generator = SeededGenerator(seed: 9000 + seed)
        for (id, spans) in Dictionary(grouping: Self.spans(&generator), by: \.traceID) {
            let trace = assemble(spans, as: id)
            let graph = CallGraph(trace)
            #expect(
                graph.nodes.values.reduce(0) { $0 + $1.criticalTime }
                    == trace.nodes.reduce(0) { $1.isMissing ? $0 : $0 + $1.criticalTime })
            for (id, node) in graph.nodes {
                let entered = graph.edges.reduce(0) { $1.key.to == id ? $0 + $1.value.criticalTime : $0 }
                #expect(entered <= node.criticalTime)
            }
        }
    }
}
