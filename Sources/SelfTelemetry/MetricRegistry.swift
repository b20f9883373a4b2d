import Synchronization

/// Every metric of a program, rendered in the Prometheus text format 0.0.4. Asking twice for one name and label set gives
/// the same metric, so parts need not hand theirs around.
package final class MetricRegistry: Sendable {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// A family that has this many label sets answers further ones with a single series labelled `overflow="true"`.
    package static let maximumSeries = 2_000

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    package func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
        let metric = metric(name, help, labels) { .counter(Counter()) }
        guard case .counter(let counter) = metric else { preconditionFailure("'\(name)' is not a plain counter") }
        return counter
    }

    /// A counter kept elsewhere. `read` is called at each rendering, on the thread that renders.
    package func counter(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
        read: @escaping @Sendable () -> UInt64
    ) {
        _ = metric(name, help, labels) { .readCounter(read) }
    }

    package func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
        let metric = metric(name, help, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = metric else { preconditionFailure("'\(name)' is not a plain gauge") }
        return gauge
    }

    /// A gauge kept elsewhere. `read` is called at each rendering, on the thread that renders.
    package func gauge(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
        read: @escaping @Sendable () -> Double
    ) {
        _ = metric(name, help, labels) { .readGauge(read) }
    }

    package func histogram(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
        bounds: [Double] = Histogram.latencyBounds
    ) -> Histogram {
        let metric = metric(name, help, labels) { .histogram(Histogram(bounds: bounds)) }
        guard case .histogram(let histogram) = metric else { preconditionFailure("'\(name)' is not a histogram") }
        return histogram
    }

    /// Families in order of name, series in order of label text. Closures run outside the registry's lock.
    package func render() -> String {
        let snapshot = families.withLock { $0 }
        var text = PrometheusText()
        for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) {
            text.head(name: name, help: family.help, type: family.type)
            for (labels, metric) in family.series.sorted(by: { $0.key < $1.key }) {
                text.series(name: name, labels: labels, metric: metric)
            }
        }
        return text.text
    }

    private func metric(
        _ name: String, _ help: String, _ labels: KeyValuePairs<String, String>, _ make: () -> Metric
    ) -> Metric {
        precondition(PrometheusText.isName(name), "'\(name)' is not a metric name")
        let key = PrometheusText.labels(labels.map { ($0.key, $0.value) })
        return families.withLock { families in
            if let found = families[name]?.series[key] { return found }
            let metric = make()
            precondition(families[name].map { $0.type == metric.type } ?? true, "'\(name)' has another type already")
            var series = key
            if let family = families[name], family.series.count >= Self.maximumSeries {
                series = PrometheusText.labels([("overflow", "true")])
                if let found = family.series[series] { return found }
            }
            families[name, default: Family(help: help, type: metric.type)].series[series] = metric
            return metric
        }
    }
}

enum Metric: Sendable {
    case counter(Counter)
    case readCounter(@Sendable () -> UInt64)
    case gauge(Gauge)
    case readGauge(@Sendable () -> Double)
    case histogram(Histogram)

    var type: String {
        switch self {
        case .counter, .readCounter: "counter"
        case .gauge, .readGauge: "gauge"
        case .histogram: "histogram"
        }
    }
}

private struct Family: Sendable {
    var help: String
    var type: String
    /// By their rendered labels.
    var series: [String: Metric] = [:]
}
