import TraceModel
import WireFormat

/// Writes OTLP messages: one span, the resource, the scope.
enum SpanEncoder {
    /// Longer texts are cut at a character's boundary.
    static let maximumTextBytes = 16 << 10
    static let maximumKeyBytes = 256
    /// Arrays within arrays deeper than this are left out.
    static let maximumDepth = 4

    /// The fields of one `Span` message.
    static func encode(_ span: SpanFacts, trace: TraceContext, end: SpanInstant) -> [UInt8] {
        var writer = ProtobufWriter(capacity: 384)
        writer.bytes(1, trace.traceID.bytes)
        writer.bytes(2, (trace.spanID ?? SpanID(value: 0)).bytes)
        if !trace.traceState.isEmpty { writer.string(3, trace.traceState.description) }
        if let parent = span.parent { writer.bytes(4, parent.bytes) }
        writer.string(5, clipped(span.name))
        writer.varint(6, span.kind.rawValue)
        writer.fixed64(7, span.start.nanosecondsSinceEpoch)
        writer.fixed64(8, end.nanosecondsSinceEpoch)
        write(span.attributes, field: 9, dropped: 10, to: &writer)
        for event in span.events {
            writer.message(11) { writer in
                writer.fixed64(1, event.time.nanosecondsSinceEpoch)
                writer.string(2, clipped(event.name))
                write(event.attributes, field: 3, dropped: 4, to: &writer)
            }
        }
        if span.droppedEvents > 0 { writer.varint(12, span.droppedEvents) }
        for link in span.links {
            writer.message(13) { writer in
                writer.bytes(1, link.context.traceID.bytes)
                // A link to a trace as a whole has no span; the field must have its length all the same.
                writer.bytes(2, (link.context.spanID ?? SpanID(value: 0)).bytes)
                if !link.context.traceState.isEmpty { writer.string(3, link.context.traceState.description) }
                write(link.attributes, field: 4, dropped: 5, to: &writer)
                writer.fixed32(6, UInt32(link.context.flags.rawValue))
            }
        }
        if span.droppedLinks > 0 { writer.varint(14, span.droppedLinks) }
        if let status = span.status {
            writer.message(15) { writer in
                if let message = status.message, !message.isEmpty { writer.string(2, clipped(message)) }
                writer.varint(3, status.code.rawValue)
            }
        }
        writer.fixed32(16, UInt32(trace.flags.rawValue))
        return writer.bytes
    }

    /// The fields of a `Resource` message, as many attributes as fit into `maximumBytes`.
    static func resource(_ attributes: SpanAttributes, maximumBytes: Int) -> [UInt8] {
        var writer = ProtobufWriter()
        for entry in attributes.entries {
            var one = ProtobufWriter()
            write(entry, field: 1, to: &one)
            guard writer.bytes.count + one.bytes.count <= maximumBytes else { continue }
            writer.append(one.bytes.span)
        }
        return writer.bytes
    }

    /// The fields of an `InstrumentationScope` message. `dropped` tells the backend what this process could not send.
    static func scope(dropped: UInt64) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, "HMSTrace")
        writer.string(2, HMSTrace.version)
        if dropped > 0 {
            write(.init(key: "hms.client.spans_dropped", value: .int(Int64(clamping: dropped))), field: 3, to: &writer)
        }
        return writer.bytes
    }

    private static func write(
        _ attributes: SpanAttributes, field: UInt32, dropped: UInt32, to writer: inout ProtobufWriter
    ) {
        for entry in attributes.entries { write(entry, field: field, to: &writer) }
        if attributes.droppedCount > 0 { writer.varint(dropped, UInt64(attributes.droppedCount)) }
    }

    private static func write(_ entry: SpanAttributes.Entry, field: UInt32, to writer: inout ProtobufWriter) {
        writer.message(field) { writer in
            writer.string(1, clipped(entry.key, to: maximumKeyBytes))
            writer.message(2) { write(entry.value, depth: 0, to: &$0) }
        }
    }

    private static func write(_ value: SpanAttribute, depth: Int, to writer: inout ProtobufWriter) {
        switch value {
        case .string(let text): writer.string(1, clipped(text))
        case .bool(let truth): writer.varint(2, truth ? 1 : 0)
        case .int(let number): writer.varint(3, UInt64(bitPattern: number))
        case .double(let number): writer.double(4, number)
        case .array(let values):
            guard depth < maximumDepth else { return }
            writer.message(5) { writer in
                for value in values.prefix(SpanAttributes.maximumCount) {
                    writer.message(1) { write(value, depth: depth + 1, to: &$0) }
                }
            }
        }
    }

    static func clipped(_ text: String, to maximum: Int = maximumTextBytes) -> String {
        let utf8 = text.utf8
        guard utf8.count > maximum else { return text }
        var end = utf8.index(utf8.startIndex, offsetBy: maximum)
        // A byte 10xxxxxx continues a character, so the cut goes before it.
        while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(text[..<end])
    }
}
