import OTLP
import SegmentStore
import Testing
import WireFormat

extension SegmentStore {
    /// Submits the spans as one request, which arrives when the last of them begins.
    func add(_ spans: [SpanValue]) throws {
        let body = OTLPSpanWriter.encode(spans)
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(body.span, as: .traces)
        let record = IngestRecord(
            kind: .traces, receivedAt: spans.map(\.startUnixNano).max() ?? 0, body: body, runs: scanner.runs,
            services: scanner.services,
            items: scanner.items)
        try #require(submit(record) { _ in })
    }
}
