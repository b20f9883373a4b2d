import JaegerAPI
import OTLP
import QueryLanguage
import SegmentStore
import Summaries
import TraceAssembly
import TraceModel
import TraceSearch

/// The store as Jaeger's query API sees it.
struct JaegerTraces: JaegerSource {
    let store: SegmentStore
    let large: LargeTraces
    let desire: QueryDesire
    /// Stored bytes of one trace, and of all traces of one answer: what is larger is left out.
    private static let maximumTraceBytes = 256 << 20
    private static let maximumAnswerBytes = 64 << 20

    func jaegerTrace(_ id: TraceID) throws -> AssembledTrace? {
        try read(id, maxBytes: Self.maximumTraceBytes)?.trace
    }

    private func read(_ id: TraceID, maxBytes: Int) throws -> (trace: AssembledTrace, bytes: Int)? {
        guard let (message, _) = try store.trace(id, maxBytes: maxBytes) else { return nil }
        return (assemble(try decodeSpans(message.span), as: id), message.count)
    }

    func jaegerSearch(_ query: String, from: UInt64, to: UInt64, limit: Int) throws -> [AssembledTrace] {
        guard from <= to else { return [] }
        var request = SearchRequest(try QueryParser.parse(query, now: 0))
        request.started = from...to
        request.limit = limit
        let page = try TraceSearch(
            request, in: store, large: large, clock: StoreClock.system.monotonic, isCancelled: { desire.hasEnded }
        ).run()
        var traces: [AssembledTrace] = []
        var left = Self.maximumAnswerBytes
        for found in page.traces where left > 0 {
            guard let (trace, bytes) = try read(found.key.id, maxBytes: left) else { continue }
            left -= bytes
            traces.append(trace)
        }
        return traces
    }

    func jaegerServices() -> [String] { store.services().map(\.name).filter { !$0.isEmpty } }

    func jaegerOperations(of service: String, kind: SpanKind?) -> [(name: String, kind: SpanKind)] {
        var filter = SummaryFilter()
        filter.service = service
        filter.kind = kind?.rawValue
        filter.includesCalls = false
        guard let (summary, _) = try? store.figures(filter, fresh: false) else { return [] }
        return summary.operations(of: service, limit: 10_000).elements
            .map { ($0.operation, SpanKind(rawValue: $0.kind) ?? .unspecified) }
            .filter { kind == nil || $0.1 == kind }
            .sorted { ($0.0, $0.1.rawValue) < ($1.0, $1.1.rawValue) }
    }

    func jaegerDependencies(from: UInt64, to: UInt64) -> [(parent: String, child: String, calls: UInt64)] {
        var filter = SummaryFilter()
        filter.from = from
        filter.to = to
        filter.includesOperations = false
        guard let (summary, _) = try? store.figures(filter, fresh: false) else { return [] }
        return summary.calls(filter, limit: 50_000).elements
            .filter { $0.kind.endsAtService && $0.total.count > 0 }
            .map { ($0.from, $0.to, UInt64($0.total.count)) }
    }
}
