import OTLP
import QueryTesting
import SegmentStore
import StorageTesting
import Summaries
import Testing
import TraceModel
import WireFormat

@Suite("Figures of what is stored")
struct FiguresIdentityTests {
    private static func spans(traces: Int, using generator: inout SeededGenerator) -> [SpanValue] {
        (0..<traces).flatMap { _ in
            let id = TraceID(high: generator.next() | 1, low: generator.next())
            return RandomTrace.spans(using: &generator).map { span in
                var span = span
                span.traceID = id
                return span
            }
        }
    }

    private static func store(
        _ spans: [SpanValue], in directory: String, segmentBytes: Int, batch: Int
    ) throws -> SegmentStore {
        var options = StoreOptions()
        options.sync = false
        options.frameBytes = 4096
        options.segmentBytes = segmentBytes
        let store = try SegmentStore.open(directory: directory, options: options)
        var rest = spans[...]
        var records = 0
        while !rest.isEmpty {
            let body = OTLPSpanWriter.encode(Array(rest.prefix(batch)))
            rest = rest.dropFirst(batch)
            var scanner = TelemetryScanner(collectsTraces: true)
            try scanner.scan(body.span, as: .traces)
            let record = IngestRecord(
                kind: .traces, receivedAt: 1, body: body, runs: scanner.runs, services: scanner.services,
                items: scanner.items)
            #expect(store.submit(record) { _ in })
            // A writer that is given all at once makes one commit of it, and one segment.
            records += 1
            if records % 16 == 0 { store.waitUntilSealed() }
        }
        store.waitUntilSealed()
        return store
    }

    @Test(
        "The same to the bit, whether spans come once, three times, shuffled, into one segment or many",
        arguments: 0..<12)
    func dependOnTheSetOfSpansAlone(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let spans = Self.spans(traces: 120, using: &generator)
        let once = TemporaryDirectory()
        let one = try Self.store(spans, in: once.path, segmentBytes: 64 << 20, batch: 50)
        defer { one.close() }
        let expected = try one.figures(fresh: true).summary.encode()
        #expect(one.statistics.segments == 1)

        let shuffled = (spans + spans + spans).shuffled(using: &generator)
        let many = TemporaryDirectory()
        let other = try Self.store(
            shuffled, in: many.path, segmentBytes: 8 << 10, batch: Int.random(in: 1...20, using: &generator))
        #expect(other.statistics.segments > 3)
        #expect(try other.figures(fresh: true).summary.encode() == expected, "seed \(seed)")
        // Asked while they grew, and again.
        #expect(try other.figures(fresh: true).summary.encode() == expected, "seed \(seed)")
        other.close()

        // Read from the files, and the last segment's from its log.
        var options = StoreOptions()
        options.sync = false
        let reopened = try SegmentStore.open(directory: many.path, options: options)
        defer { reopened.close() }
        #expect(try reopened.figures(fresh: true).summary.encode() == expected, "seed \(seed)")
    }

    @Test("Figures asked for between arrivals are those of the spans that are there")
    func followArrivals() throws {
        var generator = SeededGenerator(seed: 99)
        let spans = Self.spans(traces: 60, using: &generator).shuffled(using: &generator)
        let directory = TemporaryDirectory()
        var options = StoreOptions()
        options.sync = false
        options.frameBytes = 4096
        options.segmentBytes = 16 << 10
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        for part in stride(from: 0, to: spans.count, by: 40) {
            let end = min(part + 40, spans.count)
            let body = OTLPSpanWriter.encode(Array(spans[part..<end]))
            var scanner = TelemetryScanner(collectsTraces: true)
            try scanner.scan(body.span, as: .traces)
            #expect(
                store.submit(
                    IngestRecord(
                        kind: .traces, receivedAt: 1, body: body, runs: scanner.runs, services: scanner.services,
                        items: scanner.items)
                ) { _ in })
            store.waitUntilAnswered()
            let reference = TemporaryDirectory()
            let other = try Self.store(Array(spans[..<end]), in: reference.path, segmentBytes: 64 << 20, batch: 1000)
            #expect(
                try store.figures(fresh: true).summary.encode() == other.figures(fresh: true).summary.encode(),
                "after \(end) spans")
            other.close()
        }
    }
}
