import TraceModel
import WireFormat

/// Writes spans as one ExportTraceServiceRequest. Neighbours with the same resource and scope share their ResourceSpans
/// and ScopeSpans; order is kept. Default values are left out, so decoding gives back equal values.
package struct OTLPSpanWriter {
    private var writer: ProtobufWriter

    package init(capacity: Int = 4096) { writer = ProtobufWriter(capacity: capacity) }

    package static func encode(_ spans: [SpanValue]) -> [UInt8] {
        var writer = OTLPSpanWriter(capacity: spans.count * 256 + 64)
        writer.append(spans)
        return writer.bytes
    }

    /// The request so far. Requests are concatenable, so it is whole after each `append`.
    package var bytes: [UInt8] { writer.bytes }

    package mutating func removeAll() { writer.removeAll() }

    package mutating func append(_ spans: [SpanValue]) {
        var start = 0
        while start < spans.count {
            let resource = spans[start].resource
            var end = start + 1
            while end < spans.count, spans[end].resource == resource { end += 1 }
            writer.message(1) { writer in
                if !resource.attributes.isEmpty || resource.droppedAttributes != 0 {
                    writer.message(1) { writer in
                        writer.attributes(1, resource.attributes)
                        writer.nonZero(2, resource.droppedAttributes)
                    }
                }
                Self.appendScopes(spans[start..<end], to: &writer)
                writer.nonEmpty(3, resource.schemaURL)
            }
            start = end
        }
    }

    private static func appendScopes(_ spans: ArraySlice<SpanValue>, to writer: inout ProtobufWriter) {
        var start = spans.startIndex
        while start < spans.endIndex {
            let scope = spans[start].scope
            var end = start + 1
            while end < spans.endIndex, spans[end].scope == scope { end += 1 }
            writer.message(2) { writer in
                if scope != ScopeValue(schemaURL: scope.schemaURL) {
                    writer.message(1) { writer in
                        writer.nonEmpty(1, scope.name)
                        writer.nonEmpty(2, scope.version)
                        writer.attributes(3, scope.attributes)
                        writer.nonZero(4, scope.droppedAttributes)
                    }
                }
                for span in spans[start..<end] {
                    writer.message(2) { append(span, to: &$0) }
                }
                writer.nonEmpty(3, scope.schemaURL)
            }
            start = end
        }
    }

    private static func append(_ span: SpanValue, to writer: inout ProtobufWriter) {
        writer.bytes(1, span.traceID.bytes)
        writer.bytes(2, span.spanID.bytes)
        writer.nonEmpty(3, span.traceState)
        if let parent = span.parentSpanID { writer.bytes(4, parent.bytes) }
        writer.nonEmpty(5, span.name)
        writer.nonZero(6, UInt32(span.kind.rawValue))
        if span.startUnixNano != 0 { writer.fixed64(7, span.startUnixNano) }
        if span.endUnixNano != 0 { writer.fixed64(8, span.endUnixNano) }
        writer.attributes(9, span.attributes)
        writer.nonZero(10, span.droppedAttributes)
        for event in span.events {
            writer.message(11) { writer in
                if event.timeUnixNano != 0 { writer.fixed64(1, event.timeUnixNano) }
                writer.nonEmpty(2, event.name)
                writer.attributes(3, event.attributes)
                writer.nonZero(4, event.droppedAttributes)
            }
        }
        writer.nonZero(12, span.droppedEvents)
        for link in span.links {
            writer.message(13) { writer in
                writer.bytes(1, link.traceID.bytes)
                writer.bytes(2, link.spanID.bytes)
                writer.nonEmpty(3, link.traceState)
                writer.attributes(4, link.attributes)
                writer.nonZero(5, link.droppedAttributes)
                if link.flags != 0 { writer.fixed32(6, link.flags) }
            }
        }
        writer.nonZero(14, span.droppedLinks)
        if span.status != SpanStatus() {
            writer.message(15) { writer in
                writer.nonEmpty(2, span.status.message)
                writer.nonZero(3, UInt32(span.status.code.rawValue))
            }
        }
        if span.flags != 0 { writer.fixed32(16, span.flags) }
    }
}

extension ProtobufWriter {
    mutating func nonZero(_ number: UInt32, _ value: UInt32) {
        if value != 0 { varint(number, UInt64(value)) }
    }

    mutating func nonEmpty(_ number: UInt32, _ value: String) {
        if !value.isEmpty { string(number, value) }
    }

    mutating func attributes(_ number: UInt32, _ attributes: [Attribute]) {
        for attribute in attributes {
            message(number) { writer in
                writer.nonEmpty(1, attribute.key)
                writer.message(2) { $0.value(attribute.value) }
            }
        }
    }

    /// The fields of an AnyValue. A case that holds its default is written all the same: being set is what it says. Our own
    /// values bound the recursion; decoded ones are at most `maximumValueDepth` deep.
    mutating func value(_ value: AttributeValue) {
        switch value {
        case .empty: break
        case .string(let value): string(1, value)
        case .bool(let value): varint(2, value ? 1 : 0)
        case .int(let value): varint(3, UInt64(bitPattern: value))
        case .double(let value): double(4, value)
        case .array(let values):
            message(5) { writer in
                for value in values { writer.message(1) { $0.value(value) } }
            }
        case .map(let pairs): message(6) { $0.attributes(1, pairs) }
        case .bytes(let value): bytes(7, value)
        }
    }
}
