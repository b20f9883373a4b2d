import OTLP
import TraceAssembly
import TraceModel

/// Traces written down in a few lines: ids are small numbers, times milliseconds.
struct Sample {
    private(set) var spans: [SpanValue] = []
    let id: TraceID

    init(_ id: UInt64 = 1) { self.id = TraceID(high: 7, low: id) }

    mutating func span(
        _ number: UInt64, under parent: UInt64? = nil, _ service: String = "svc", _ name: String, _ start: UInt64,
        _ end: UInt64, kind: SpanKind = .internal, fails: Bool = false, attributes: [Attribute] = [],
        resource: [Attribute] = []
    ) {
        spans.append(
            SpanValue(
                traceID: id, spanID: SpanID(value: number), parentSpanID: parent.map { SpanID(value: $0) }, name: name,
                kind: kind, startUnixNano: Self.start + start * 1_000_000, endUnixNano: Self.start + end * 1_000_000,
                attributes: attributes, status: SpanStatus(fails ? .error : .unset),
                resource: ResourceValue([Attribute("service.name", .string(service))] + resource)))
    }

    private static let start: UInt64 = 1_790_000_000_000_000_000

    var trace: AssembledTrace { assemble(spans, as: id) }
}
