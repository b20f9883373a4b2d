import Glibc
import HTTP
import JSON
import OTLP
import QueryLanguage
import QueryTesting
import Querying
import SegmentStore
import SelfTelemetry
import StorageTesting
import Testing
import TraceAssembly
import TraceModel
import TraceSearch
import WireFormat

@testable import Collector

@Suite("A query within a stored trace")
struct TraceQueryTests {
    /// Random traces, spread over frames and segments; the first is as large as many.
    private final class RandomTraces {
        let store: SegmentStore
        private(set) var traces: [AssembledTrace] = []
        private let directory = TemporaryDirectory()

        init(using generator: inout SeededGenerator) throws {
            var options = StoreOptions()
            options.sync = false
            options.commitPause = .zero
            options.frameBytes = Int.random(in: 1...4, using: &generator) << 10
            options.segmentBytes = Int.random(in: 16...64, using: &generator) << 10
            store = try SegmentStore.open(directory: directory.path, options: options)
            var all: [SpanValue] = []
            for number in 0..<4 {
                let id = TraceID(high: generator.next() | 1, low: generator.next())
                var spans: [SpanValue] = []
                for part in 0..<(number == 0 ? 40 : 1) as Range<UInt64> {
                    for var span in RandomTrace.spans(using: &generator) {
                        span.traceID = id
                        // Other ids in each part, so that it is as many trees as parts.
                        span.spanID.value ^= part << 8
                        if let parent = span.parentSpanID, !parent.isZero { span.parentSpanID?.value ^= part << 8 }
                        spans.append(span)
                    }
                }
                traces.append(assemble(spans, as: id))
                all += spans
            }
            if Bool.random(using: &generator) { all.shuffle(using: &generator) }
            var rest = all[...]
            while !rest.isEmpty {
                let part = Array(rest.prefix(Int.random(in: 1...20, using: &generator)))
                rest = rest.dropFirst(part.count)
                let body = OTLPSpanWriter.encode(part)
                var scanner = TelemetryScanner(collectsTraces: true)
                try scanner.scan(body.span, as: .traces)
                let record = IngestRecord(
                    kind: .traces, receivedAt: part[0].startUnixNano, body: body, runs: scanner.runs,
                    services: scanner.services, items: scanner.items)
                try #require(store.submit(record) { _ in })
            }
            store.waitUntilAnswered()
            if Bool.random(using: &generator) { store.waitUntilSealed() }
        }

        deinit { store.close() }
    }

    @Test("Finds the rows that satisfy it in the assembled trace, whatever is asked", arguments: 0..<20)
    func findsWhatIsThere(round: Int) throws {
        let base = getenv("HMS_SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_261_128
        let seed = base &+ UInt64(round)
        var generator = SeededGenerator(seed: seed)
        let random = try RandomTraces(using: &generator)
        let service = QueryService(
            source: StoredTraces(
                store: random.store, refusals: RefusalRing(), large: LargeTraces(), desire: QueryDesire()),
            shelf: TraceShelf())
        var answers = 0
        for number in 0..<60 {
            let trace = random.traces[number % random.traces.count]
            let query = RandomQuery.expression(depth: Int.random(in: 0...4, using: &generator), using: &generator)
            let verdicts = QueryEvaluator(query).verdicts(in: trace)
            let certain = verdicts.indices.filter { verdicts[$0] == .yes }
            let expected = certain.isEmpty ? verdicts.indices.filter { verdicts[$0] != .no } : certain
            // Has a comparison in any case, or it might be taken for words.
            let text = QueryExpression.and([query, .comparison(.trace(.spanCount), .greater, .integer(-1))]).description
            let head = RequestHead(
                method: "GET", path: "/api/v1/traces/\(trace.traceID)/find",
                query: "limit=10000&text="
                    + text.utf8.map { "%" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
            let response = service.respond(to: head)
            let told = String(decoding: response.body, as: UTF8.self)
            #expect(response.status == 200, "seed \(seed), query \(number): \(query): \(told)")
            let json = try JSONParser.parse(response.body)
            let found = json["indexes"]?.array?.compactMap(\.int)
            #expect(found == expected, "seed \(seed), query \(number): \(query)")
            #expect(json["count"]?.int == expected.count)
            #expect(json["truncated"]?.bool == false)
            guard found == expected else { return }
            answers += expected.count
        }
        // A test in which nothing is ever found would prove nothing.
        #expect(answers > 200, "seed \(seed)")
    }
}
