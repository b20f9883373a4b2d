import OTLP
import QueryTesting
import SegmentStore
import StorageTesting
import TraceAssembly
import TraceModel
import WireFormat

/// A store with random traces, spread over requests, frames and segments as they might arrive, and the same traces assembled.
final class RandomStore {
    let store: SegmentStore
    private(set) var traces: [AssembledTrace] = []
    private let directory = TemporaryDirectory()
    private var spans: [TraceID: [SpanValue]] = [:]

    init(traces count: Int, using generator: inout SeededGenerator) throws {
        var options = StoreOptions()
        options.sync = false
        options.commitPause = .zero
        // Small, so that there are many of each.
        options.frameBytes = Int.random(in: 1...8, using: &generator) << 10
        options.segmentBytes = Int.random(in: 4...64, using: &generator) << 10
        store = try SegmentStore.open(directory: directory.path, options: options)
        try add(traces: count, using: &generator)
    }

    func add(traces count: Int, using generator: inout SeededGenerator) throws {
        var all: [SpanValue] = []
        for _ in 0..<count {
            // Few different times, so that many traces begin together.
            let shift = UInt64.random(in: 0...20, using: &generator) * 700_000_000
            let id = TraceID(high: generator.next() | 1, low: generator.next())
            let isWhole = Bool.random(using: &generator)
            let spans =
                isWhole ? RandomTrace.wholeSpans(using: &generator) : RandomTrace.spans(using: &generator)
            for var span in spans {
                span.traceID = id
                if span.startUnixNano > 0 { span.startUnixNano += shift }
                if span.endUnixNano > 0, span.endUnixNano < .max { span.endUnixNano += shift }
                all.append(span)
                self.spans[id, default: []].append(span)
            }
        }
        // Neighbours stay together or are far apart.
        if Int.random(in: 0..<3, using: &generator) == 0 { all.shuffle(using: &generator) }
        var rest = all[...]
        while !rest.isEmpty {
            let part = rest.prefix(Int.random(in: 1...30, using: &generator))
            rest = rest.dropFirst(part.count)
            submit(Array(part))
        }
        store.waitUntilAnswered()
        if Bool.random(using: &generator) { store.waitUntilSealed() }
        traces = spans.map { assemble($0.value, as: $0.key) }
    }

    private func submit(_ spans: [SpanValue]) {
        let body = OTLPSpanWriter.encode(spans)
        var scanner = TelemetryScanner(collectsTraces: true)
        // What the writer writes is good, or the test's own assertion on the number of spans fails.
        try? scanner.scan(body.span, as: .traces)
        let record = IngestRecord(
            kind: .traces, receivedAt: spans[0].startUnixNano, body: body, runs: scanner.runs,
            services: scanner.services,
            items: scanner.items)
        precondition(store.submit(record) { _ in }, "the queue is full")
    }

    deinit { store.close() }
}
