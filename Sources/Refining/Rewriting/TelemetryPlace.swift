import WireFormat

/// Where in OTLP text and attributes are: the messages that lead there.
enum TelemetryPlace {
    case resource
    case scope
    case resourceSpans, scopeSpans, span, event, link, status
    case resourceMetrics, scopeMetrics, metric, gaugeOrSum, histogram, exponentialHistogram, summary
    case numberPoint, histogramPoint, exponentialPoint, summaryPoint, exemplar
    case resourceLogs, scopeLogs, logRecord

    /// What a field of bytes holds.
    enum Part {
        /// Nothing that could be a secret, or an unknown field: it stays as it is.
        case other
        case text
        case message(TelemetryPlace)
        case attribute
        case value
    }

    init(resourceOf kind: SignalKind) {
        switch kind {
        case .traces: self = .resourceSpans
        case .metrics: self = .resourceMetrics
        case .logs: self = .resourceLogs
        }
    }

    func part(_ number: UInt32) -> Part {
        switch (self, number) {
        case (.resourceSpans, 1), (.resourceMetrics, 1), (.resourceLogs, 1): .message(.resource)
        case (.resourceSpans, 2): .message(.scopeSpans)
        case (.resourceMetrics, 2): .message(.scopeMetrics)
        case (.resourceLogs, 2): .message(.scopeLogs)
        case (.resourceSpans, 3), (.resourceMetrics, 3), (.resourceLogs, 3): .text
        case (.resource, 1): .attribute
        case (.scopeSpans, 1), (.scopeMetrics, 1), (.scopeLogs, 1): .message(.scope)
        case (.scopeSpans, 3), (.scopeMetrics, 3), (.scopeLogs, 3): .text
        case (.scope, 1), (.scope, 2): .text
        case (.scope, 3): .attribute
        case (.scopeSpans, 2): .message(.span)
        case (.scopeMetrics, 2): .message(.metric)
        case (.scopeLogs, 2): .message(.logRecord)

        case (.span, 5): .text
        case (.span, 9): .attribute
        case (.span, 11): .message(.event)
        case (.span, 13): .message(.link)
        case (.span, 15): .message(.status)
        case (.event, 2): .text
        case (.event, 3), (.link, 4): .attribute
        case (.status, 2): .text

        case (.metric, 1), (.metric, 2): .text
        case (.metric, 5), (.metric, 7): .message(.gaugeOrSum)
        case (.metric, 9): .message(.histogram)
        case (.metric, 10): .message(.exponentialHistogram)
        case (.metric, 11): .message(.summary)
        case (.metric, 12): .attribute
        case (.gaugeOrSum, 1): .message(.numberPoint)
        case (.histogram, 1): .message(.histogramPoint)
        case (.exponentialHistogram, 1): .message(.exponentialPoint)
        case (.summary, 1): .message(.summaryPoint)
        case (.numberPoint, 7), (.histogramPoint, 9), (.exponentialPoint, 1), (.summaryPoint, 7): .attribute
        case (.numberPoint, 5), (.histogramPoint, 8), (.exponentialPoint, 11): .message(.exemplar)
        case (.exemplar, 7): .attribute

        case (.logRecord, 3), (.logRecord, 12): .text
        case (.logRecord, 5): .value
        case (.logRecord, 6): .attribute
        default: .other
        }
    }
}
