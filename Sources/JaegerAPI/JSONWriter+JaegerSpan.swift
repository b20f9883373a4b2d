import JSON
import OTLP
import TraceModel

extension JSONWriter {
    /// The parent first, since readers take the first CHILD_OF for it, then the links.
    mutating func jaegerReferences(of span: SpanValue, parent: SpanID?) {
        // A link to the parent that says how it refers is the reference to the parent, of that type.
        let ownLink = span.links.firstIndex {
            $0.traceID == span.traceID && $0.spanID == parent && $0.jaegerReferenceType != nil
        }
        key("references")
        beginArray()
        if let parent {
            reference(ownLink.flatMap { span.links[$0].jaegerReferenceType } ?? "CHILD_OF", span.traceID, parent)
        }
        for (index, link) in span.links.enumerated() where index != ownLink {
            reference(link.jaegerReferenceType ?? "FOLLOWS_FROM", link.traceID, link.spanID)
        }
        endArray()
    }

    private mutating func reference(_ type: String, _ traceID: TraceID, _ spanID: SpanID) {
        beginObject()
        member("refType", type)
        member("traceID", JaegerID.text(traceID))
        member("spanID", spanID.description)
        endObject()
    }

    /// The scope, the span's attributes, then what Jaeger has no field for.
    mutating func jaegerTags(of span: SpanValue) {
        key("tags")
        beginArray()
        textTag("otel.scope.name", span.scope.name)
        textTag("otel.scope.version", span.scope.version)
        jaegerTags(span.attributes)
        if span.kind != .unspecified { jaegerTag("span.kind", .string(span.kind.description)) }
        switch span.status.code {
        case .unset: break
        case .ok: textTag("otel.status_code", "OK")
        case .error:
            textTag("otel.status_code", "ERROR")
            jaegerTag("error", .bool(true))
        }
        textTag("otel.status_description", span.status.message)
        textTag("w3c.tracestate", span.traceState)
        endArray()
    }

    private mutating func textTag(_ key: String, _ text: String) {
        if !text.isEmpty { jaegerTag(key, .string(text)) }
    }

    /// What follows `data` in every answer.
    mutating func jaegerEnvelopeEnd(total: Int, errors: [JaegerError]) {
        member("total", total)
        member("limit", 0)
        member("offset", 0)
        key("errors")
        if errors.isEmpty {
            null()
        } else {
            beginArray()
            for error in errors {
                beginObject()
                if error.code != 0 { member("code", error.code) }
                member("msg", error.message)
                if let id = error.traceID { member("traceID", JaegerID.text(id)) }
                endObject()
            }
            endArray()
        }
        endObject()
    }
}

extension SpanLink {
    /// What `opentracing.ref_type` says; nil when it says nothing.
    fileprivate var jaegerReferenceType: String? {
        switch attributes["opentracing.ref_type"]?.string {
        case "child_of"?: "CHILD_OF"
        case "follows_from"?: "FOLLOWS_FROM"
        default: nil
        }
    }
}
