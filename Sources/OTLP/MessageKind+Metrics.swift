extension MessageKind {
    static let temporalities = EnumSchema(
        prefix: "AGGREGATION_TEMPORALITY_", names: ["UNSPECIFIED", "DELTA", "CUMULATIVE"])

    var metricsDefinition: MessageSchema {
        switch self {
        case .resourceMetrics:
            MessageSchema(
                "ResourceMetrics",
                [
                    FieldSchema(1, "resource", .message(.resource)),
                    FieldSchema(2, "scopeMetrics", .message(.scopeMetrics), .repeated),
                    FieldSchema(3, "schemaUrl", .string),
                ])
        case .scopeMetrics:
            MessageSchema(
                "ScopeMetrics",
                [
                    FieldSchema(1, "scope", .message(.scope)),
                    FieldSchema(2, "metrics", .message(.metric), .repeated),
                    FieldSchema(3, "schemaUrl", .string),
                ])
        case .metric:
            MessageSchema(
                "Metric",
                [
                    FieldSchema(1, "name", .string),
                    FieldSchema(2, "description", .string),
                    FieldSchema(3, "unit", .string),
                    FieldSchema(5, "gauge", .message(.gauge), .oneof),
                    FieldSchema(7, "sum", .message(.sum), .oneof),
                    FieldSchema(9, "histogram", .message(.histogram), .oneof),
                    FieldSchema(10, "exponentialHistogram", .message(.exponentialHistogram), .oneof),
                    FieldSchema(11, "summary", .message(.summary), .oneof),
                    FieldSchema(12, "metadata", .message(.keyValue), .repeated),
                ])
        case .gauge: MessageSchema("Gauge", [FieldSchema(1, "dataPoints", .message(.numberPoint), .repeated)])
        case .sum:
            MessageSchema(
                "Sum",
                [
                    FieldSchema(1, "dataPoints", .message(.numberPoint), .repeated),
                    FieldSchema(2, "aggregationTemporality", .enumeration(Self.temporalities)),
                    FieldSchema(3, "isMonotonic", .bool),
                ])
        case .histogram:
            MessageSchema(
                "Histogram",
                [
                    FieldSchema(1, "dataPoints", .message(.histogramPoint), .repeated),
                    FieldSchema(2, "aggregationTemporality", .enumeration(Self.temporalities)),
                ])
        case .exponentialHistogram:
            MessageSchema(
                "ExponentialHistogram",
                [
                    FieldSchema(1, "dataPoints", .message(.exponentialHistogramPoint), .repeated),
                    FieldSchema(2, "aggregationTemporality", .enumeration(Self.temporalities)),
                ])
        case .summary: MessageSchema("Summary", [FieldSchema(1, "dataPoints", .message(.summaryPoint), .repeated)])
        case .metricsRequest:
            MessageSchema(
                "ExportMetricsServiceRequest",
                [FieldSchema(1, "resourceMetrics", .message(.resourceMetrics), .repeated)])
        default: metricPointDefinition
        }
    }

    private var metricPointDefinition: MessageSchema {
        switch self {
        case .numberPoint:
            MessageSchema(
                "NumberDataPoint",
                [
                    FieldSchema(2, "startTimeUnixNano", .fixed64),
                    FieldSchema(3, "timeUnixNano", .fixed64),
                    FieldSchema(4, "asDouble", .double, .oneof),
                    FieldSchema(5, "exemplars", .message(.exemplar), .repeated),
                    FieldSchema(6, "asInt", .sfixed64, .oneof),
                    FieldSchema(7, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(8, "flags", .uint32),
                ])
        case .histogramPoint:
            MessageSchema(
                "HistogramDataPoint",
                [
                    FieldSchema(2, "startTimeUnixNano", .fixed64),
                    FieldSchema(3, "timeUnixNano", .fixed64),
                    FieldSchema(4, "count", .fixed64),
                    FieldSchema(5, "sum", .double, .optional),
                    FieldSchema(6, "bucketCounts", .fixed64, .repeated),
                    FieldSchema(7, "explicitBounds", .double, .repeated),
                    FieldSchema(8, "exemplars", .message(.exemplar), .repeated),
                    FieldSchema(9, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(10, "flags", .uint32),
                    FieldSchema(11, "min", .double, .optional),
                    FieldSchema(12, "max", .double, .optional),
                ])
        case .exponentialHistogramPoint:
            MessageSchema(
                "ExponentialHistogramDataPoint",
                [
                    FieldSchema(1, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(2, "startTimeUnixNano", .fixed64),
                    FieldSchema(3, "timeUnixNano", .fixed64),
                    FieldSchema(4, "count", .fixed64),
                    FieldSchema(5, "sum", .double, .optional),
                    FieldSchema(6, "scale", .sint32),
                    FieldSchema(7, "zeroCount", .fixed64),
                    FieldSchema(8, "positive", .message(.buckets)),
                    FieldSchema(9, "negative", .message(.buckets)),
                    FieldSchema(10, "flags", .uint32),
                    FieldSchema(11, "exemplars", .message(.exemplar), .repeated),
                    FieldSchema(12, "min", .double, .optional),
                    FieldSchema(13, "max", .double, .optional),
                    FieldSchema(14, "zeroThreshold", .double),
                ])
        case .buckets:
            MessageSchema(
                "Buckets", [FieldSchema(1, "offset", .sint32), FieldSchema(2, "bucketCounts", .uint64, .repeated)])
        case .summaryPoint:
            MessageSchema(
                "SummaryDataPoint",
                [
                    FieldSchema(2, "startTimeUnixNano", .fixed64),
                    FieldSchema(3, "timeUnixNano", .fixed64),
                    FieldSchema(4, "count", .fixed64),
                    FieldSchema(5, "sum", .double),
                    FieldSchema(6, "quantileValues", .message(.quantile), .repeated),
                    FieldSchema(7, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(8, "flags", .uint32),
                ])
        case .quantile:
            MessageSchema("ValueAtQuantile", [FieldSchema(1, "quantile", .double), FieldSchema(2, "value", .double)])
        default:
            MessageSchema(
                "Exemplar",
                [
                    FieldSchema(2, "timeUnixNano", .fixed64),
                    FieldSchema(3, "asDouble", .double, .oneof),
                    FieldSchema(4, "spanId", .hexBytes),
                    FieldSchema(5, "traceId", .hexBytes),
                    FieldSchema(6, "asInt", .sfixed64, .oneof),
                    FieldSchema(7, "filteredAttributes", .message(.keyValue), .repeated),
                ])
        }
    }
}
