extension MessageKind {
    static let severities = EnumSchema(
        prefix: "SEVERITY_NUMBER_",
        names: ["UNSPECIFIED"]
            + ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap { [$0, $0 + "2", $0 + "3", $0 + "4"] })

    var logsDefinition: MessageSchema {
        switch self {
        case .resourceLogs:
            MessageSchema(
                "ResourceLogs",
                [
                    FieldSchema(1, "resource", .message(.resource)),
                    FieldSchema(2, "scopeLogs", .message(.scopeLogs), .repeated),
                    FieldSchema(3, "schemaUrl", .string),
                ])
        case .scopeLogs:
            MessageSchema(
                "ScopeLogs",
                [
                    FieldSchema(1, "scope", .message(.scope)),
                    FieldSchema(2, "logRecords", .message(.logRecord), .repeated),
                    FieldSchema(3, "schemaUrl", .string),
                ])
        case .logRecord:
            MessageSchema(
                "LogRecord",
                [
                    FieldSchema(1, "timeUnixNano", .fixed64),
                    FieldSchema(2, "severityNumber", .enumeration(Self.severities)),
                    FieldSchema(3, "severityText", .string),
                    FieldSchema(5, "body", .message(.anyValue)),
                    FieldSchema(6, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(7, "droppedAttributesCount", .uint32),
                    FieldSchema(8, "flags", .fixed32),
                    FieldSchema(9, "traceId", .hexBytes),
                    FieldSchema(10, "spanId", .hexBytes),
                    FieldSchema(11, "observedTimeUnixNano", .fixed64),
                    FieldSchema(12, "eventName", .string),
                ])
        default:
            MessageSchema(
                "ExportLogsServiceRequest",
                [FieldSchema(1, "resourceLogs", .message(.resourceLogs), .repeated)])
        }
    }
}
