import OTLP
import TraceModel

/// A span as it stands in the document, before its process is known.
struct JaegerSpan {
    struct Reference {
        var isChildOf: Bool
        var traceID: TraceID
        var spanID: SpanID
    }

    var traceID = ""
    var spanID = ""
    var parentSpanID = ""
    var name = ""
    var flags: Int64 = 0
    var start: UInt64 = 0
    var duration: UInt64 = 0
    var processID = ""
    var process: ResourceValue?
    var tags: [Attribute] = []
    var references: [Reference] = []
    var events: [SpanEvent] = []

    /// `fallback`: the id of the trace that the span stands in, for spans that do not repeat it.
    func value(
        resource: ResourceValue, within fallback: TraceID?, _ reader: DocumentReader
    ) throws(ForeignTraceError) -> SpanValue {
        guard let trace = traceID.isEmpty ? fallback : ForeignID.trace(traceID) else {
            throw reader.error(.missing(field: "traceID", in: "span"))
        }
        guard let id = ForeignID.span(spanID) else { throw reader.error(.missing(field: "spanID", in: "span")) }
        let (end, overflow) = start.addingReportingOverflow(duration)
        var span = SpanValue(
            traceID: trace, spanID: id, name: name, startUnixNano: start, endUnixNano: overflow ? .max : end,
            events: events, flags: flags & 1 == 0 ? 0 : 1, resource: resource)
        setParentAndLinks(of: &span)
        var conventional = ConventionalTags(tags)
        span.scope = conventional.takeScope()
        span.kind = conventional.takeKind()
        span.status = conventional.takeStatus()
        span.traceState = conventional.takeLast("w3c.tracestate") ?? ""
        span.attributes = conventional.attributes
        return span
    }

    /// The parent is the first CHILD_OF within the trace; without one the first FOLLOWS_FROM within it, as in Jaeger's own
    /// tree. All references but that CHILD_OF are links.
    private func setParentAndLinks(of span: inout SpanValue) {
        var parentReference = references.firstIndex { $0.isChildOf && $0.traceID == span.traceID }
        if let parentReference {
            span.parentSpanID = references[parentReference].spanID
        } else if let parent = ForeignID.span(parentSpanID) {
            span.parentSpanID = parent
        } else {
            span.parentSpanID = references.first { $0.traceID == span.traceID }?.spanID
            parentReference = nil
        }
        for (index, reference) in references.enumerated() where index != parentReference {
            // What this attribute says is what Jaeger's exporters read back.
            let isParent = reference.traceID == span.traceID && reference.spanID == span.parentSpanID
            var attributes: [Attribute] = []
            if reference.isChildOf {
                attributes = [Attribute("opentracing.ref_type", .string("child_of"))]
            } else if isParent, parentReference == nil {
                attributes = [Attribute("opentracing.ref_type", .string("follows_from"))]
            }
            span.links.append(SpanLink(traceID: reference.traceID, spanID: reference.spanID, attributes: attributes))
        }
    }
}

extension ConventionalTags {
    /// `span.kind`; another word than the five known ones stays an attribute.
    fileprivate mutating func takeKind() -> SpanKind {
        guard let word = attributes.last(where: { $0.key == "span.kind" })?.value.string,
            let kind = SpanKind.allCases.first(where: { $0 != .unspecified && $0.description == word.lowercased() })
        else { return .unspecified }
        _ = takeLast("span.kind")
        return kind
    }
}
