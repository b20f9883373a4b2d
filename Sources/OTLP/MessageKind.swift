import WireFormat

/// The messages of OTLP, as keys of the schema table.
enum MessageKind: Int, Sendable, CaseIterable {
    case traceRequest, resourceSpans, scopeSpans, span, spanEvent, spanLink, spanStatus
    case metricsRequest, resourceMetrics, scopeMetrics, metric, gauge, sum, histogram, exponentialHistogram, summary
    case numberPoint, histogramPoint, exponentialHistogramPoint, buckets, summaryPoint, quantile, exemplar
    case logsRequest, resourceLogs, scopeLogs, logRecord
    case resource, entityRef, scope, keyValue, anyValue, arrayValue, keyValueList

    static func request(_ kind: SignalKind) -> MessageKind {
        switch kind {
        case .traces: .traceRequest
        case .metrics: .metricsRequest
        case .logs: .logsRequest
        }
    }

    var schema: MessageSchema { Self.table[rawValue] }

    private static let table = allCases.map(\.definition)

    private var definition: MessageSchema {
        switch self {
        case .traceRequest, .resourceSpans, .scopeSpans, .span, .spanEvent, .spanLink, .spanStatus: traceDefinition
        case .logsRequest, .resourceLogs, .scopeLogs, .logRecord: logsDefinition
        case .resource, .entityRef, .scope, .keyValue, .anyValue, .arrayValue, .keyValueList: commonDefinition
        default: metricsDefinition
        }
    }
}
