import OTLP
import TraceModel

/// Reads Zipkin's spans. Once all are there, server spans that share their client's id get one of their own: see
/// `SharedSpans`.
struct ZipkinJSONReader {
    private var reader: DocumentReader
    private let limits: ForeignTraceLimits
    private var spans: [SpanValue] = []
    private var shared = SharedSpans()

    init(_ bytes: [UInt8], limits: ForeignTraceLimits) {
        reader = DocumentReader(bytes, depthLimit: limits.maximumDepth)
        self.limits = limits
    }

    mutating func read() throws(ForeignTraceError) -> [SpanValue] {
        guard try reader.beginArray("document") else { return [] }
        while try reader.hasElement() {
            guard try reader.isAtArray() else {
                try readSpan()
                continue
            }
            _ = try reader.beginArray("trace")
            while try reader.hasElement() { try readSpan() }
        }
        try reader.finish()
        shared.separate(&spans)
        return spans
    }

    private mutating func readSpan() throws(ForeignTraceError) {
        guard spans.count < limits.maximumSpans else { throw reader.error(.tooManySpans(limit: limits.maximumSpans)) }
        guard try reader.beginObject("span") else { return }
        var (traceID, spanID, parentID) = ("", "", "")
        var span = SpanValue(traceID: TraceID(high: 0, low: 0), spanID: SpanID(value: 0))
        var duration: UInt64 = 0
        var isShared = false
        var tags: [Attribute] = []
        var local = ZipkinEndpoint()
        var remote = ZipkinEndpoint()
        var items = 0
        while let key = try reader.nextKey() {
            switch key {
            case "traceId": traceID = try reader.string(key)
            case "id": spanID = try reader.string(key)
            case "parentId": parentID = try reader.string(key)
            case "name": span.name = try reader.string(key)
            case "kind": span.kind = Self.kind(try reader.string(key))
            case "timestamp": span.startUnixNano = try reader.number(key)?.nanoseconds ?? 0
            case "duration": duration = try reader.number(key)?.nanoseconds ?? 0
            case "localEndpoint": local = try ZipkinEndpoint(&reader, key)
            case "remoteEndpoint": remote = try ZipkinEndpoint(&reader, key)
            case "shared": isShared = try reader.bool(key)
            case "debug": span.flags = try reader.bool(key) ? 1 : 0
            case "annotations":
                guard try reader.beginArray(key) else { continue }
                while try reader.hasElement() {
                    try count(&items)
                    if let event = try readAnnotation() { span.events.append(event) }
                }
            case "tags":
                guard try reader.beginObject(key) else { continue }
                while let name = try reader.nextKey() {
                    try count(&items)
                    tags.append(Attribute(name, AttributeValue(try reader.scalar(), jaegerType: "string")))
                }
            default: try reader.skip()
            }
        }
        guard let trace = ForeignID.trace(traceID) else {
            throw reader.error(.missing(field: "traceId", in: "span"))
        }
        guard let id = ForeignID.span(spanID) else { throw reader.error(.missing(field: "id", in: "span")) }
        (span.traceID, span.spanID, span.parentSpanID) = (trace, id, ForeignID.span(parentID))
        let (end, overflow) = span.startUnixNano.addingReportingOverflow(duration)
        span.endUnixNano = overflow ? .max : end
        var conventional = ConventionalTags(tags)
        span.scope = conventional.takeScope()
        span.status = conventional.takeZipkinStatus()
        span.traceState = conventional.takeLast("w3c.tracestate") ?? ""
        span.attributes = conventional.attributes + local.localAttributes + remote.peerAttributes
        if !local.serviceName.isEmpty {
            span.resource = ResourceValue([Attribute("service.name", .string(local.serviceName))])
        }
        shared.note(span, at: spans.count, isShared: isShared)
        spans.append(span)
    }

    private func count(_ items: inout Int) throws(ForeignTraceError) {
        items += 1
        guard items <= limits.maximumItemsPerSpan else {
            throw reader.error(.tooManyItems(limit: limits.maximumItemsPerSpan))
        }
    }

    private mutating func readAnnotation() throws(ForeignTraceError) -> SpanEvent? {
        guard try reader.beginObject("annotation") else { return nil }
        var event = SpanEvent("", at: 0)
        while let key = try reader.nextKey() {
            switch key {
            case "timestamp": event.timeUnixNano = try reader.number(key)?.nanoseconds ?? 0
            case "value": event.name = try reader.string(key)
            default: try reader.skip()
            }
        }
        return event
    }

    private static func kind(_ word: String) -> SpanKind {
        switch word {
        case "CLIENT": .client
        case "SERVER": .server
        case "PRODUCER": .producer
        case "CONSUMER": .consumer
        default: .unspecified
        }
    }
}

extension ConventionalTags {
    /// In Zipkin a tag `error` of any value marks a failed span, and its text is the message.
    fileprivate mutating func takeZipkinStatus() -> SpanStatus {
        var status = takeStatus()
        if let text = takeLast("error") {
            status.code = .error
            if status.message.isEmpty { status.message = text }
        }
        return status
    }
}
