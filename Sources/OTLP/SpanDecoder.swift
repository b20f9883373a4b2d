import TraceModel
package import WireFormat

/// Decodes an ExportTraceServiceRequest into its spans, in their order. Unknown fields are left out; enum values that OTLP
/// does not define become unspecified. An empty trace or span id is read as zero, any other wrong length is an error.
///
/// - Parameter selection: what is left out of the spans when it is not wanted.
package func decodeSpans(
    _ message: Span<UInt8>, selection: SpanSelection = .everything
) throws(WireError) -> [SpanValue] {
    var decoder = SpanDecoder(selection: selection)
    var request = FieldCursor(message)
    while let field = try request.next() {
        if field.number == 1 {
            try decoder.readResourceSpans(try request.readMessage(field))
        } else {
            try request.skip(field)
        }
    }
    return decoder.spans
}

package func decodeSpans(_ message: [UInt8]) throws(WireError) -> [SpanValue] {
    try decodeSpans(message.span)
}

/// How deep AnyValues may stand within each other, the outermost counted as one, where stored protobuf is read. The scanner
/// counts all messages and stops at 32 (at 64 if told to, which is 30 values), so what it let in can always be read.
let maximumValueDepth = 32

struct SpanDecoder {
    var spans: [SpanValue] = []
    let selection: SpanSelection

    mutating func readResourceSpans(_ bytes: consuming FieldCursor) throws(WireError) {
        var cursor = bytes
        let first = spans.count
        var resource = ResourceValue()
        while let field = try cursor.next() {
            switch field.number {
            case 1: try readResource(try cursor.readMessage(field), into: &resource)
            case 2: try readScopeSpans(try cursor.readMessage(field))
            case 3: resource.schemaURL = try readString(&cursor, field, "resource_spans.schema_url")
            default: try cursor.skip(field)
            }
        }
        // The resource may stand behind the spans, so it is given to them at the end.
        for index in first..<spans.count { spans[index].resource = resource }
    }

    private func readResource(_ bytes: consuming FieldCursor, into resource: inout ResourceValue) throws(WireError) {
        var cursor = bytes
        while let field = try cursor.next() {
            switch field.number {
            case 1: resource.attributes.append(try OTLP.readAttribute(try cursor.readMessage(field), depth: 1))
            case 2: resource.droppedAttributes = UInt32(truncatingIfNeeded: try cursor.readVarint(field))
            default: try cursor.skip(field)
            }
        }
    }

    private mutating func readScopeSpans(_ bytes: consuming FieldCursor) throws(WireError) {
        var cursor = bytes
        let first = spans.count
        var scope = ScopeValue()
        while let field = try cursor.next() {
            switch field.number {
            case 1: try readScope(try cursor.readMessage(field), into: &scope)
            case 2: spans.append(try readSpan(try cursor.readMessage(field)))
            case 3: scope.schemaURL = try readString(&cursor, field, "resource_spans.scope_spans.schema_url")
            default: try cursor.skip(field)
            }
        }
        for index in first..<spans.count { spans[index].scope = scope }
    }

    private func readScope(_ bytes: consuming FieldCursor, into scope: inout ScopeValue) throws(WireError) {
        var cursor = bytes
        while let field = try cursor.next() {
            switch field.number {
            case 1: scope.name = try readString(&cursor, field, "resource_spans.scope_spans.scope.name")
            case 2: scope.version = try readString(&cursor, field, "resource_spans.scope_spans.scope.version")
            case 3: scope.attributes.append(try OTLP.readAttribute(try cursor.readMessage(field), depth: 1))
            case 4: scope.droppedAttributes = UInt32(truncatingIfNeeded: try cursor.readVarint(field))
            default: try cursor.skip(field)
            }
        }
    }

    private func readSpan(_ bytes: consuming FieldCursor) throws(WireError) -> SpanValue {
        var cursor = bytes
        var span = SpanValue(traceID: TraceID(high: 0, low: 0), spanID: SpanID(value: 0))
        while let field = try cursor.next() {
            switch field.number {
            case 1: span.traceID = try readTraceID(&cursor, field, "span.trace_id")
            case 2: span.spanID = try readSpanID(&cursor, field, "span.span_id")
            case 3: span.traceState = try readString(&cursor, field, "span.trace_state")
            case 4:
                let parent = try readSpanID(&cursor, field, "span.parent_span_id")
                span.parentSpanID = parent.isZero ? nil : parent
            case 5: span.name = try readString(&cursor, field, "span.name")
            case 6: span.kind = SpanKind(rawValue: UInt8(clamping: try cursor.readVarint(field))) ?? .unspecified
            case 7: span.startUnixNano = try cursor.readFixed64(field)
            case 8: span.endUnixNano = try cursor.readFixed64(field)
            case 9: try readAttribute(try cursor.readMessage(field), into: &span.attributes)
            case 10: span.droppedAttributes = UInt32(truncatingIfNeeded: try cursor.readVarint(field))
            case 11 where !selection.hasEvents: try cursor.skip(field)
            case 13 where !selection.hasLinks: try cursor.skip(field)
            case 11: span.events.append(try readEvent(try cursor.readMessage(field)))
            case 12: span.droppedEvents = UInt32(truncatingIfNeeded: try cursor.readVarint(field))
            case 13: span.links.append(try readLink(try cursor.readMessage(field)))
            case 14: span.droppedLinks = UInt32(truncatingIfNeeded: try cursor.readVarint(field))
            case 15: try readStatus(try cursor.readMessage(field), into: &span.status)
            case 16: span.flags = try cursor.readFixed32(field)
            default: try cursor.skip(field)
            }
        }
        return span
    }

    private func readAttribute(
        _ bytes: FieldCursor, into attributes: inout [Attribute]
    ) throws(WireError) {
        if !selection.hasAllAttributes {
            var isWanted = false
            var cursor = bytes
            while let field = try cursor.next() {
                if field.number == 1 {
                    isWanted = selection.wants(key: try cursor.readBytes(field))
                } else {
                    try cursor.skip(field)
                }
            }
            guard isWanted else { return }
        }
        attributes.append(try OTLP.readAttribute(bytes, depth: 1))
    }

    private func readEvent(_ bytes: consuming FieldCursor) throws(WireError) -> SpanEvent {
        var cursor = bytes
        var event = SpanEvent("", at: 0)
        while let field = try cursor.next() {
            switch field.number {
            case 1: event.timeUnixNano = try cursor.readFixed64(field)
            case 2: event.name = try readString(&cursor, field, "span.events.name")
            case 3: event.attributes.append(try OTLP.readAttribute(try cursor.readMessage(field), depth: 1))
            case 4: event.droppedAttributes = UInt32(truncatingIfNeeded: try cursor.readVarint(field))
            default: try cursor.skip(field)
            }
        }
        return event
    }

    private func readLink(_ bytes: consuming FieldCursor) throws(WireError) -> SpanLink {
        var cursor = bytes
        var link = SpanLink(traceID: TraceID(high: 0, low: 0), spanID: SpanID(value: 0))
        while let field = try cursor.next() {
            switch field.number {
            case 1: link.traceID = try readTraceID(&cursor, field, "span.links.trace_id")
            case 2: link.spanID = try readSpanID(&cursor, field, "span.links.span_id")
            case 3: link.traceState = try readString(&cursor, field, "span.links.trace_state")
            case 4: link.attributes.append(try OTLP.readAttribute(try cursor.readMessage(field), depth: 1))
            case 5: link.droppedAttributes = UInt32(truncatingIfNeeded: try cursor.readVarint(field))
            case 6: link.flags = try cursor.readFixed32(field)
            default: try cursor.skip(field)
            }
        }
        return link
    }

    private func readStatus(_ bytes: consuming FieldCursor, into status: inout SpanStatus) throws(WireError) {
        var cursor = bytes
        while let field = try cursor.next() {
            switch field.number {
            case 2: status.message = try readString(&cursor, field, "span.status.message")
            case 3: status.code = SpanStatus.Code(rawValue: UInt8(clamping: try cursor.readVarint(field))) ?? .unset
            default: try cursor.skip(field)
            }
        }
    }
}
