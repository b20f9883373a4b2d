extension MessageKind {
    static let spanKinds = EnumSchema(
        prefix: "SPAN_KIND_", names: ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])
    static let statusCodes = EnumSchema(prefix: "STATUS_CODE_", names: ["UNSET", "OK", "ERROR"])

    var traceDefinition: MessageSchema {
        switch self {
        case .resourceSpans:
            MessageSchema(
                "ResourceSpans",
                [
                    FieldSchema(1, "resource", .message(.resource)),
                    FieldSchema(2, "scopeSpans", .message(.scopeSpans), .repeated),
                    FieldSchema(3, "schemaUrl", .string),
                ])
        case .scopeSpans:
            MessageSchema(
                "ScopeSpans",
                [
                    FieldSchema(1, "scope", .message(.scope)),
                    FieldSchema(2, "spans", .message(.span), .repeated),
                    FieldSchema(3, "schemaUrl", .string),
                ])
        case .span:
            MessageSchema(
                "Span",
                [
                    FieldSchema(1, "traceId", .hexBytes),
                    FieldSchema(2, "spanId", .hexBytes),
                    FieldSchema(3, "traceState", .string),
                    FieldSchema(4, "parentSpanId", .hexBytes),
                    FieldSchema(5, "name", .string),
                    FieldSchema(6, "kind", .enumeration(Self.spanKinds)),
                    FieldSchema(7, "startTimeUnixNano", .fixed64),
                    FieldSchema(8, "endTimeUnixNano", .fixed64),
                    FieldSchema(9, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(10, "droppedAttributesCount", .uint32),
                    FieldSchema(11, "events", .message(.spanEvent), .repeated),
                    FieldSchema(12, "droppedEventsCount", .uint32),
                    FieldSchema(13, "links", .message(.spanLink), .repeated),
                    FieldSchema(14, "droppedLinksCount", .uint32),
                    FieldSchema(15, "status", .message(.spanStatus)),
                    FieldSchema(16, "flags", .fixed32),
                ])
        case .spanEvent:
            MessageSchema(
                "Event",
                [
                    FieldSchema(1, "timeUnixNano", .fixed64),
                    FieldSchema(2, "name", .string),
                    FieldSchema(3, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(4, "droppedAttributesCount", .uint32),
                ])
        case .spanLink:
            MessageSchema(
                "Link",
                [
                    FieldSchema(1, "traceId", .hexBytes),
                    FieldSchema(2, "spanId", .hexBytes),
                    FieldSchema(3, "traceState", .string),
                    FieldSchema(4, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(5, "droppedAttributesCount", .uint32),
                    FieldSchema(6, "flags", .fixed32),
                ])
        case .spanStatus:
            MessageSchema(
                "Status",
                [
                    FieldSchema(2, "message", .string),
                    FieldSchema(3, "code", .enumeration(Self.statusCodes)),
                ])
        default:
            MessageSchema(
                "ExportTraceServiceRequest",
                [FieldSchema(1, "resourceSpans", .message(.resourceSpans), .repeated)])
        }
    }
}
