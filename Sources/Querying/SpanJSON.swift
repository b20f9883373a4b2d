import JSON
import OTLP
import TraceModel

/// What spans say, as JSON.
extension JSONWriter {
    /// Variants of one span that are written; the others are counted.
    private static var maximumVariants: Int { 16 }

    mutating func variants(_ spans: [SpanValue]) {
        member("variantCount", spans.count)
        key("variants")
        array { writer in
            for span in spans.prefix(Self.maximumVariants) { writer.object { writer in writer.content(of: span) } }
        }
    }

    /// What the span itself says, times as it claims them.
    mutating func content(of span: SpanValue) {
        if let parent = span.parentSpanID { member("parentSpanId", parent.description) }
        member("service", span.serviceName)
        member("name", span.name)
        member("kind", span.kind.description)
        member("start", text: span.startUnixNano)
        member("end", text: span.endUnixNano)
        key("status")
        object { writer in
            writer.member("code", span.status.code.word)
            writer.member("message", span.status.message)
        }
        attributes(span.attributes, dropped: span.droppedAttributes)
        key("events")
        array { writer in for event in span.events { writer.write(event) } }
        key("links")
        array { writer in for link in span.links { writer.write(link) } }
        member("traceState", span.traceState)
        member("flags", Int(span.flags))
        if span.droppedEvents > 0 { member("droppedEvents", Int(span.droppedEvents)) }
        if span.droppedLinks > 0 { member("droppedLinks", Int(span.droppedLinks)) }
    }

    private mutating func write(_ event: SpanEvent) {
        object { writer in
            writer.member("name", event.name)
            writer.member("time", text: event.timeUnixNano)
            writer.attributes(event.attributes, dropped: event.droppedAttributes)
        }
    }

    private mutating func write(_ link: SpanLink) {
        object { writer in
            writer.member("traceId", link.traceID.description)
            writer.member("spanId", link.spanID.description)
            writer.member("traceState", link.traceState)
            writer.member("flags", Int(link.flags))
            writer.attributes(link.attributes, dropped: link.droppedAttributes)
        }
    }

    mutating func write(_ resource: ResourceValue) {
        object { writer in
            writer.attributes(resource.attributes, dropped: resource.droppedAttributes)
            writer.member("schemaUrl", resource.schemaURL)
        }
    }

    mutating func write(_ scope: ScopeValue) {
        object { writer in
            writer.member("name", scope.name)
            writer.member("version", scope.version)
            writer.attributes(scope.attributes, dropped: scope.droppedAttributes)
            writer.member("schemaUrl", scope.schemaURL)
        }
    }
}
