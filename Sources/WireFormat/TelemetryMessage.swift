/// The messages of OTLP that the scanner looks into. Where the same message means more in one place than in another, it
/// has an entry for each.
enum TelemetryMessage: UInt8, CaseIterable {
    // Something is done when these end; they come first, so that one comparison tells.
    case span
    case numberDataPoint
    case histogramDataPoint
    case exponentialHistogramDataPoint
    case summaryDataPoint
    case logRecord
    case resourceSpans
    case resourceMetrics
    case resourceLogs
    case resourceAttribute

    case tracesRequest
    case metricsRequest
    case logsRequest
    case resource
    case resourceAttributeValue
    case entityReference
    case scope
    case keyValue
    case anyValue
    case arrayValue
    case keyValueList
    case scopeSpans
    case spanEvent
    case spanLink
    case spanStatus
    case scopeMetrics
    case metric
    case gauge
    case sum
    case histogram
    case exponentialHistogram
    case summary
    case buckets
    case quantileValue
    case exemplar
    case scopeLogs

    /// The last message at whose end the scanner has something to do.
    static let lastWithEndAction = TelemetryMessage.resourceAttribute

    init(request kind: SignalKind) {
        switch kind {
        case .traces: self = .tracesRequest
        case .metrics: self = .metricsRequest
        case .logs: self = .logsRequest
        }
    }

    /// The fields that OTLP 1.x defines for this message.
    var fields: [TelemetryField] {
        switch self {
        case .tracesRequest: [.message(1, "resource_spans", .resourceSpans)]
        case .metricsRequest: [.message(1, "resource_metrics", .resourceMetrics)]
        case .logsRequest: [.message(1, "resource_logs", .resourceLogs)]

        case .resource:
            [
                .message(1, "attributes", .resourceAttribute),
                .init(2, "dropped_attributes_count", .varint),
                .message(3, "entity_refs", .entityReference),
            ]
        case .resourceAttribute:
            [.init(1, "key", .resourceKey), .message(2, "value", .resourceAttributeValue)]
        case .resourceAttributeValue: Self.valueFields(string: .resourceText)
        case .entityReference:
            [
                .init(1, "schema_url", .string), .init(2, "type", .string),
                .init(3, "id_keys", .string), .init(4, "description_keys", .string),
            ]
        case .scope:
            [
                .init(1, "name", .string), .init(2, "version", .string),
                .message(3, "attributes", .keyValue), .init(4, "dropped_attributes_count", .varint),
            ]
        case .keyValue: [.init(1, "key", .string), .message(2, "value", .anyValue)]
        case .anyValue: Self.valueFields(string: .string)
        case .arrayValue: [.message(1, "values", .anyValue)]
        case .keyValueList: [.message(1, "values", .keyValue)]

        case .resourceSpans: Self.resourceFields("scope_spans", .scopeSpans)
        case .scopeSpans:
            [.message(1, "scope", .scope), .init(2, "spans", .span, .span), .init(3, "schema_url", .string)]
        case .span: Self.spanFields
        case .spanEvent:
            [
                .init(1, "time_unix_nano", .fixed64), .init(2, "name", .string),
                .message(3, "attributes", .keyValue), .init(4, "dropped_attributes_count", .varint),
            ]
        case .spanLink:
            [
                .init(1, "trace_id", .linkTraceID), .init(2, "span_id", .linkSpanID), .init(3, "trace_state", .string),
                .message(4, "attributes", .keyValue), .init(5, "dropped_attributes_count", .varint),
                .init(6, "flags", .fixed32),
            ]
        case .spanStatus: [.init(2, "message", .string), .init(3, "code", .varint)]

        case .resourceMetrics: Self.resourceFields("scope_metrics", .scopeMetrics)
        case .scopeMetrics:
            [.message(1, "scope", .scope), .message(2, "metrics", .metric), .init(3, "schema_url", .string)]
        case .metric:
            [
                .init(1, "name", .string), .init(2, "description", .string), .init(3, "unit", .string),
                .message(5, "gauge", .gauge), .message(7, "sum", .sum), .message(9, "histogram", .histogram),
                .message(10, "exponential_histogram", .exponentialHistogram), .message(11, "summary", .summary),
                .message(12, "metadata", .keyValue),
            ]
        case .gauge: [.message(1, "data_points", .numberDataPoint)]
        case .sum:
            [
                .message(1, "data_points", .numberDataPoint), .init(2, "aggregation_temporality", .varint),
                .init(3, "is_monotonic", .varint),
            ]
        case .histogram:
            [.message(1, "data_points", .histogramDataPoint), .init(2, "aggregation_temporality", .varint)]
        case .exponentialHistogram:
            [.message(1, "data_points", .exponentialHistogramDataPoint), .init(2, "aggregation_temporality", .varint)]
        case .summary: [.message(1, "data_points", .summaryDataPoint)]
        case .numberDataPoint, .histogramDataPoint, .exponentialHistogramDataPoint, .summaryDataPoint:
            dataPointFields
        case .buckets: [.init(1, "offset", .varint), .init(2, "bucket_counts", .packedVarint)]
        case .quantileValue: [.init(1, "quantile", .fixed64), .init(2, "value", .fixed64)]
        case .exemplar:
            [
                .init(2, "time_unix_nano", .fixed64), .init(3, "as_double", .fixed64), .init(4, "span_id", .bytes),
                .init(5, "trace_id", .bytes), .init(6, "as_int", .fixed64),
                .message(7, "filtered_attributes", .keyValue),
            ]

        case .resourceLogs: Self.resourceFields("scope_logs", .scopeLogs)
        case .scopeLogs:
            [.message(1, "scope", .scope), .message(2, "log_records", .logRecord), .init(3, "schema_url", .string)]
        case .logRecord:
            [
                .init(1, "time_unix_nano", .fixed64), .init(2, "severity_number", .varint),
                .init(3, "severity_text", .string), .message(5, "body", .anyValue),
                .message(6, "attributes", .keyValue), .init(7, "dropped_attributes_count", .varint),
                .init(8, "flags", .fixed32), .init(9, "trace_id", .bytes), .init(10, "span_id", .bytes),
                .init(11, "observed_time_unix_nano", .fixed64), .init(12, "event_name", .string),
            ]
        }
    }

    private static let spanFields: [TelemetryField] = [
        .init(1, "trace_id", .traceID), .init(2, "span_id", .spanID), .init(3, "trace_state", .string),
        .init(4, "parent_span_id", .parentSpanID), .init(5, "name", .string), .init(6, "kind", .varint),
        .init(7, "start_time_unix_nano", .fixed64), .init(8, "end_time_unix_nano", .fixed64),
        .message(9, "attributes", .keyValue), .init(10, "dropped_attributes_count", .varint),
        .message(11, "events", .spanEvent), .init(12, "dropped_events_count", .varint),
        .message(13, "links", .spanLink), .init(14, "dropped_links_count", .varint),
        .message(15, "status", .spanStatus), .init(16, "flags", .fixed32),
    ]

    private static func valueFields(string: TelemetryField.Rule) -> [TelemetryField] {
        [
            .init(1, "string_value", string), .init(2, "bool_value", .varint), .init(3, "int_value", .varint),
            .init(4, "double_value", .fixed64), .message(5, "array_value", .arrayValue),
            .message(6, "kvlist_value", .keyValueList), .init(7, "bytes_value", .bytes),
        ]
    }

    private static func resourceFields(_ scopes: String, _ scope: TelemetryMessage) -> [TelemetryField] {
        [.message(1, "resource", .resource), .message(2, scopes, scope), .init(3, "schema_url", .string)]
    }

    private var dataPointFields: [TelemetryField] {
        let times: [TelemetryField] = [
            .init(2, "start_time_unix_nano", .fixed64), .init(3, "time_unix_nano", .fixed64),
        ]
        let own: [TelemetryField] =
            switch self {
            case .numberDataPoint:
                [
                    .init(4, "as_double", .fixed64), .message(5, "exemplars", .exemplar), .init(6, "as_int", .fixed64),
                    .message(7, "attributes", .keyValue), .init(8, "flags", .varint),
                ]
            case .histogramDataPoint:
                [
                    .init(4, "count", .fixed64), .init(5, "sum", .fixed64),
                    .init(6, "bucket_counts", .packedFixed64), .init(7, "explicit_bounds", .packedFixed64),
                    .message(8, "exemplars", .exemplar), .message(9, "attributes", .keyValue),
                    .init(10, "flags", .varint), .init(11, "min", .fixed64), .init(12, "max", .fixed64),
                ]
            case .exponentialHistogramDataPoint:
                [
                    .message(1, "attributes", .keyValue), .init(4, "count", .fixed64), .init(5, "sum", .fixed64),
                    .init(6, "scale", .varint), .init(7, "zero_count", .fixed64), .message(8, "positive", .buckets),
                    .message(9, "negative", .buckets), .init(10, "flags", .varint),
                    .message(11, "exemplars", .exemplar), .init(12, "min", .fixed64), .init(13, "max", .fixed64),
                    .init(14, "zero_threshold", .fixed64),
                ]
            default:
                [
                    .init(4, "count", .fixed64), .init(5, "sum", .fixed64),
                    .message(6, "quantile_values", .quantileValue), .message(7, "attributes", .keyValue),
                    .init(8, "flags", .varint),
                ]
            }
        return times + own
    }
}
