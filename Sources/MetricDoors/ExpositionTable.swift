package import SelfTelemetry
import Synchronization

/// What was pushed and gathered, as a Prometheus finds it that scrapes the sidecar: counters added up, gauges as they are,
/// measurements as summaries. May be used from any thread.
package final class ExpositionTable: Sendable {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// What was not renewed for so long makes room when there is no other.
    static let staleAfter: UInt64 = 600 * 1_000_000_000
    private static let sweepInterval: UInt64 = 60 * 1_000_000_000
    private static let quantiles = [0.5, 0.9, 0.99]

    private enum Kind: String { case counter, gauge, summary }

    private struct Series {
        var value = 0.0
        var count: UInt64 = 0
        var quantiles: [Double] = []
        var notedAt: UInt64
    }

    private struct Family {
        var kind: Kind
        /// By what stands between their braces.
        var series: [String: Series] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var count = 0
        /// What the series take, as far as it depends on their names.
        var bytes = 0
        var sweptAt: UInt64 = 0
    }

    private let maxSeries: Int
    private static let maxBytes = 2 << 20
    private static let seriesBytes = 64
    private let state = Mutex(State())
    private let leftOut: Counter

    package init(maxSeries: Int = 20_000, program: String, registry: MetricRegistry) {
        self.maxSeries = maxSeries
        leftOut = registry.counter(
            "\(program)_exposition_left_out_total",
            help: "Points that GET /metrics does not show: too many or too long series, or a metric of two types.")
    }

    package func note(_ families: [MetricFamily], now: UInt64) {
        for family in families {
            let name = ExpositionNames.metric(family.name)
            let kind: Kind =
                switch family.shape {
                case .gauge, .sum(isMonotonic: false, _): .gauge
                case .sum(isMonotonic: true, _): .counter
                case .histogram, .exponentialHistogram, .summary: .summary
                }
            for point in family.points {
                let labels = ExpositionNames.labels(point.attributes)
                let isShown = state.withLock { state in
                    add(point, family.shape, name, kind, labels, now, &state)
                }
                if !isShown { leftOut.add() }
            }
        }
    }

    private func add(
        _ point: MetricPoint, _ shape: MetricFamily.Shape, _ name: String, _ kind: Kind, _ labels: String,
        _ now: UInt64,
        _ state: inout State
    ) -> Bool {
        if state.families[name]?.series[labels] == nil {
            let bytes = labels.utf8.count + Self.seriesBytes
            if isFull(state, bytes) { sweep(&state, now) }
            guard !isFull(state, bytes) else { return false }
        }
        if let known = state.families[name], known.kind != kind { return false }
        var series = state.families[name]?.series[labels] ?? Series(notedAt: now)
        let isNew = state.families[name]?.series[labels] == nil
        series.notedAt = now
        switch point.value {
        case .double(let value): series.value = shape == .gauge ? value : series.value + value
        case .integer(let value): series.value = shape == .gauge ? Double(value) : series.value + Double(value)
        case .exponential(let buckets):
            series.value += buckets.sum
            series.count = series.count.addingClamped(buckets.count)
            series.quantiles = Self.quantiles.map { buckets.quantile($0) }
        case .histogram, .summary: return false  // No door that shows its metrics makes them.
        }
        state.families[name, default: Family(kind: kind)].series[labels] = series
        if isNew {
            state.count += 1
            state.bytes += labels.utf8.count + Self.seriesBytes
        }
        return true
    }

    private func isFull(_ state: State, _ bytes: Int) -> Bool {
        state.count >= maxSeries || state.bytes + bytes > Self.maxBytes
    }

    private func sweep(_ state: inout State, _ now: UInt64) {
        guard now >= state.sweptAt &+ Self.sweepInterval || now < state.sweptAt else { return }
        state.sweptAt = now
        (state.count, state.bytes) = (0, 0)
        for (name, family) in state.families {
            let kept = family.series.filter { now < $0.value.notedAt.addingClamped(Self.staleAfter) }
            state.families[name] = kept.isEmpty ? nil : Family(kind: family.kind, series: kept)
            state.count += kept.count
            state.bytes += kept.keys.reduce(0) { $0 + $1.utf8.count + Self.seriesBytes }
        }
    }

    /// Families in order of name, series in order of their labels.
    package func render() -> [UInt8] {
        let families = state.withLock { $0.families }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                let braced = labels.isEmpty ? "" : "{\(labels)}"
                guard family.kind == .summary else {
                    text += "\(name)\(braced) \(Self.number(series.value))\n"
                    continue
                }
                let before = labels.isEmpty ? "" : labels + ","
                for (quantile, value) in zip(Self.quantiles, series.quantiles) {
                    text += "\(name){\(before)quantile=\"\(quantile)\"} \(Self.number(value))\n"
                }
                text += "\(name)_sum\(braced) \(Self.number(series.value))\n"
                text += "\(name)_count\(braced) \(series.count)\n"
            }
        }
        return Array(text.utf8)
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        return String(value)
    }
}
