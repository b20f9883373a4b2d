import Access
import Erasure
import Files
import JSON
import OTLP
import QueryLanguage
import QueryTesting
import SegmentStore
import StorageTesting
import Testing
import TraceAssembly
import TraceModel
import WireFormat

@Suite("Erasing by query")
struct ErasureTests {
    /// A store with random traces over many small segments, and what was put into it.
    private final class Filled {
        let directory = TemporaryDirectory()
        let store: SegmentStore
        private(set) var spans: [TraceID: [SpanValue]] = [:]

        init(traces: Int, using generator: inout SeededGenerator) throws {
            var options = StoreOptions()
            options.sync = false
            options.frameBytes = 2 << 10
            options.segmentBytes = 8 << 10
            store = try SegmentStore.open(directory: directory.path, options: options)
            var all: [SpanValue] = []
            for _ in 0..<traces {
                let id = TraceID(high: generator.next() | 1, low: generator.next())
                for var span in RandomTrace.spans(using: &generator) {
                    span.traceID = id
                    all.append(span)
                    spans[id, default: []].append(span)
                }
            }
            all.shuffle(using: &generator)
            var rest = all[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...30, using: &generator))
                rest = rest.dropFirst(part.count)
                let body = OTLPSpanWriter.encode(Array(part))
                var scanner = TelemetryScanner(collectsTraces: true)
                try scanner.scan(body.span, as: .traces)
                let record = IngestRecord(
                    kind: .traces, receivedAt: 1, body: body, runs: scanner.runs, services: scanner.services,
                    items: scanner.items)
                precondition(store.submit(record) { _ in }, "the queue is full")
            }
            store.waitUntilAnswered()
        }

        deinit { store.close() }

        /// The spans that are there, as a multiset.
        func stored() throws -> [SpanAddress: Int] {
            var result: [SpanAddress: Int] = [:]
            try store.forEachRecord(kind: .traces) { record in
                for span in (try? decodeSpans(record.body.span)) ?? [] {
                    result[SpanAddress(trace: span.traceID, span: span.spanID), default: 0] += 1
                }
                return true
            }
            return result
        }
    }

    /// Plainly: each trace, each span.
    private func expected(_ request: EraseRequest, _ filled: Filled) -> [SpanAddress: Int] {
        let evaluator = QueryEvaluator(request.expression)
        var left: [SpanAddress: Int] = [:]
        for (id, spans) in filled.spans {
            let trace = assemble(spans, as: id)
            let verdicts = zip(trace.nodes, evaluator.verdicts(in: trace)).filter { $0.0.span != nil }
            let certain = verdicts.filter { $0.1 == .yes }
            let possible = verdicts.filter { if case .unknown = $0.1 { true } else { false } }
            let found = certain.isEmpty && request.includesUnknown ? possible : certain
            let gone = Set(found.map(\.0.spanID))
            for span in spans {
                let goes = request.extent == .traces ? !gone.isEmpty : gone.contains(span.spanID)
                if !goes { left[SpanAddress(trace: id, span: span.spanID), default: 0] += 1 }
            }
        }
        return left
    }

    @Test("A random query erases exactly what it finds, and the ledger adds up", arguments: UInt64(0)..<40)
    func complement(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let filled = try Filled(traces: 25, using: &generator)
        let before = try filled.stored()
        for round in 0..<3 {
            let expression = RandomQuery.expression(depth: Int.random(in: 1...3, using: &generator), using: &generator)
            var request = EraseRequest(query: "\(expression)", expression: expression, by: "a test")
            request.extent = Bool.random(using: &generator) ? .traces : .spans
            request.includesUnknown = Bool.random(using: &generator)
            // Only the first works on traces as they were made.
            if round > 0 { request.extent = .traces }
            let expected = round == 0 ? expected(request, filled) : nil
            request.isDryRun = true
            let tried = try Erasure(request, in: filled.store).run()
            if round == 0 { #expect(try filled.stored() == before, "seed \(seed)") }
            request.isDryRun = false
            let result = try Erasure(request, in: filled.store).run()
            #expect(result.traces == tried.traces, "seed \(seed): \(expression)")
            if let expected { #expect(try filled.stored() == expected, "seed \(seed): \(expression)") }
            if request.extent == .traces { #expect(result.isVerified == true, "seed \(seed): \(expression)") }
            let ledger = filled.store.ledgerSums()
            let left = try filled.stored().values.reduce(0, +)
            #expect(ledger.held.spans == UInt64(left))
            #expect(ledger.damaged == ItemCounts())
            #expect(ledger.stored.spans == UInt64(before.values.reduce(0, +)))
            #expect(ledger.deleted.spans == ledger.stored.spans - ledger.held.spans)
            #expect(!result.isLeftBehind && result.unreadableFrames == 0)
        }
    }

    @Test("A receipt tells what was asked and done, and a digest of the traces that anybody can make again")
    func receipt() throws {
        var generator = SeededGenerator(seed: 7)
        let filled = try Filled(traces: 10, using: &generator)
        let request = try EraseRequest(
            Array(#"{"query": "duration >= 0", "what": "traces"}"#.utf8), by: "key alice", tenant: nil, now: 1)
        var receipt = EraseReceipt(
            id: EraseReceipt.freshID(), request: request, startedAt: .init(seconds: 1_700_000_000))
        let files = ReceiptFiles(directory: filled.directory.path)
        try files.write(receipt)
        #expect(try files.read(receipt.id) == receipt.json)
        let cut = try JSONParser.parse(EraseReceipt.whenNobodyWorks(receipt.json))
        #expect(cut["state"]?.string == "interrupted")
        receipt.result = try Erasure(request, in: filled.store).run()
        receipt.state = .done
        try files.write(receipt)
        let json = try JSONParser.parse(try #require(try files.read(receipt.id)))
        #expect(json["state"]?.string == "done")
        #expect(json["by"]?.string == "key alice")
        #expect(json["query"]?.string == "duration >= 0")
        #expect(json["startedAt"]?.string == "2023-11-14T22:13:20Z")
        #expect(json["verified"]?.bool == true)
        #expect(json["traces"]?.int == receipt.result?.traces.count)
        #expect(json["traceIdsSHA256"]?.string == EraseReceipt.digest(receipt.result?.traces ?? []))
        // printf '%032x\n' 1 2 | sha256sum
        #expect(
            EraseReceipt.digest([TraceID(high: 0, low: 1), TraceID(high: 0, low: 2)])
                == "d293186969772f624bcf3cfab138c955ddc0c46b241ee5a48567992032612602")
        #expect(try files.read("../ledger") == nil)
        #expect(try files.read(EraseReceipt.freshID()) == nil)
    }

    @Test(
        "An order that is not wholly understood is refused",
        arguments: [
            "", "[]", "{}", #"{"query": " "}"#, #"{"query": "status ="}"#, #"{"query": "a = 1", "dryrun": true}"#,
            #"{"query": "a = 1", "dryRun": "yes"}"#, #"{"query": "a = 1", "what": "all"}"#,
            #"{"query": "a = 1", "from": "soon"}"#, #"{"query": "a = 1", "from": "now", "to": "now-1h"}"#,
        ])
    func refuses(body: String) {
        #expect(throws: EraseRefusal.self) {
            _ = try EraseRequest(Array(body.utf8), by: "a test", tenant: nil, now: 1_700_000_000_000_000_000)
        }
    }

    @Test("More than may be named at once erases nothing")
    func bound() throws {
        var generator = SeededGenerator(seed: 9)
        let filled = try Filled(traces: 10, using: &generator)
        let before = try filled.stored()
        let everything = EraseRequest(query: "duration >= 0", expression: .everything, by: "a test")
        #expect(throws: EraseFailure.self) { _ = try Erasure(everything, in: filled.store, limit: 3).run() }
        #expect(try filled.stored() == before)
    }
}
