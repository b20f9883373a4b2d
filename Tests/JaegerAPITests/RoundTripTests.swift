import ForeignTraces
import JaegerAPI
import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite("What is given in Jaeger's JSON reads back as the same spans")
struct RoundTripTests {
    /// Gives the same numbers for the same seed.
    private struct Generator: RandomNumberGenerator {
        private var state: UInt64
        init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }
        mutating func next() -> UInt64 {
            state = state &+ 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static func text(_ random: inout Generator) -> String {
        let pieces = ["a", "é", "\"", "\\", "\n", "\u{0}", "😀", "x.y", " ", "p1"]
        return (0..<Int.random(in: 1...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }

    private static func finite(_ random: inout Generator) -> Double {
        let number = Double(bitPattern: random.next())
        return number.isFinite ? number : 0.1
    }

    /// Of the kinds that Jaeger has tags for.
    private static func value(_ random: inout Generator) -> AttributeValue {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: .string(text(&random))
        case 1: .bool(.random(using: &random))
        case 2: .int(Int64.random(in: .min ... .max, using: &random))
        case 3: .int(Int64.random(in: -9...9, using: &random))
        case 4: .double(finite(&random))
        case 5: .double(Double(Int.random(in: -3...3, using: &random)))
        case 6: .double([Double.nan, .infinity, -.infinity, -0.0].randomElement(using: &random) ?? 0)
        default: .bytes((0..<Int.random(in: 0...5, using: &random)).map { _ in .random(in: 0...255, using: &random) })
        }
    }

    private static func attributes(_ random: inout Generator) -> [Attribute] {
        (0..<Int.random(in: 0...4, using: &random)).map { Attribute("key\($0)." + text(&random), value(&random)) }
    }

    /// A tree of spans, some of them below one that is missing; times in whole microseconds.
    private static func trace(_ random: inout Generator) -> [SpanValue] {
        let id = TraceID(high: Bool.random(using: &random) ? 0 : random.next(), low: random.next() | 1)
        let count = UInt64.random(in: 1...8, using: &random)
        return (1...count).map { number in
            let start = UInt64.random(in: 1_700_000_000_000_000...1_700_000_000_001_000, using: &random) * 1000
            var parent: UInt64? = number == 1 ? nil : UInt64.random(in: 1..<number, using: &random)
            if number > 1, Int.random(in: 0..<5, using: &random) == 0 { parent = 99 }
            let service = ["pay", "shop", ""].randomElement(using: &random) ?? ""
            let kind = SpanKind.allCases.randomElement(using: &random) ?? .internal
            let code = SpanStatus.Code.allCases.randomElement(using: &random) ?? .unset
            return SpanValue(
                traceID: id, spanID: SpanID(value: number), parentSpanID: parent.map { SpanID(value: $0) },
                name: text(&random), kind: kind, startUnixNano: start,
                endUnixNano: start + UInt64.random(in: 0...1000, using: &random) * 1000,
                attributes: attributes(&random),
                events: (0..<Int.random(in: 0...2, using: &random)).map { _ in
                    SpanEvent(
                        Bool.random(using: &random) ? "" : text(&random), at: start, attributes: attributes(&random))
                },
                links: number == 1
                    ? []
                    : (0..<Int.random(in: 0...2, using: &random)).map { _ in
                        SpanLink(
                            traceID: TraceID(high: 0, low: random.next() | 1), spanID: SpanID(value: random.next() | 1))
                    },
                status: SpanStatus(code, message: Bool.random(using: &random) ? "" : text(&random)),
                traceState: Bool.random(using: &random) ? "" : "a=b", flags: Bool.random(using: &random) ? 1 : 0,
                resource: ResourceValue(
                    (service.isEmpty ? [] : [Attribute("service.name", .string(service))]) + attributes(&random)),
                scope: Bool.random(using: &random) ? ScopeValue() : ScopeValue("scope " + text(&random), version: "1"))
        }
    }

    @Test("300 documents of random traces")
    func roundTrip() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Generator(seed: seed)
        for round in 0..<300 {
            let traces = (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.trace(&random) }
            var writer = JaegerJSON(pretty: round.isMultiple(of: 2))
            for trace in traces { writer.add(assemble(trace, as: trace[0].traceID)) }
            let read = try readJaegerJSON(writer.finish())
            let sort = { (left: SpanValue, right: SpanValue) in
                (left.traceID, left.spanID) < (right.traceID, right.spanID)
            }
            guard read.sorted(by: sort) == traces.flatMap(\.self).sorted(by: sort) else {
                Issue.record("seed \(seed), round \(round): \(traces) became \(read)")
                return
            }
        }
    }

    @Test("Arrays and maps come back as the JSON text that they are shown as")
    func composites() throws {
        var span = sample(1)
        span.attributes = [Attribute("a", .array([.int(1), .string("x")])), Attribute("e", .empty)]
        var writer = JaegerJSON()
        writer.add(assemble([span], as: sampleTrace))
        #expect(
            try readJaegerJSON(writer.finish()).map(\.attributes)
                == [[Attribute("a", .string(#"[1,"x"]"#)), Attribute("e", .string(""))]])
    }

    @Test("A parent by FOLLOWS_FROM stays one")
    func followsFrom() throws {
        let text = """
            [{"traceID":"1","spanID":"2"},
             {"traceID":"1","spanID":"3","references":[{"refType":"FOLLOWS_FROM","traceID":"1","spanID":"2"}]}]
            """
        let spans = try readJaegerJSON(Array(text.utf8))
        #expect(spans.map(\.parentSpanID) == [nil, SpanID(value: 2)])
        var writer = JaegerJSON()
        writer.add(assemble(spans, as: TraceID(high: 0, low: 1)))
        let again = try readJaegerJSON(writer.finish())
        #expect(again == spans)
    }
}
