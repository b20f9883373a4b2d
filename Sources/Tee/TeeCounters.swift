package import SelfTelemetry
import WireFormat

/// What the tee tells about itself on `/metrics`.
package struct TeeCounters: Sendable {
    let sent: [SignalKind: Counter]
    let rejected: [SignalKind: Counter]
    let refused: [SignalKind: Counter]
    let skipped: Counter
    let skippedSegments: Counter
    let batches: Counter
    let retries: Counter
    let lagItems: Gauge
    let lagSeconds: Gauge
    let reachable: Gauge

    package init(program: String, registry: MetricRegistry) {
        func counters(_ name: String, _ help: String) -> [SignalKind: Counter] {
            var counters: [SignalKind: Counter] = [:]
            for kind in SignalKind.allCases {
                counters[kind] = registry.counter(
                    "\(program)_tee_\(name)_items_total", help: help, labels: ["signal": "\(kind)"])
            }
            return counters
        }
        sent = counters("sent", "Items that the other backend took.")
        rejected = counters("rejected", "Items that the other backend took a request without.")
        refused = counters("refused", "Items in requests that the other backend will never take.")
        skipped = registry.counter(
            "\(program)_tee_skipped_items_total", help: "Items that were deleted before they were passed on.")
        skippedSegments = registry.counter(
            "\(program)_tee_skipped_segments_total", help: "Segments deleted before all of them was passed on.")
        batches = registry.counter("\(program)_tee_requests_total", help: "Requests that were taken or refused.")
        retries = registry.counter("\(program)_tee_retries_total", help: "Requests that had to be sent again.")
        lagItems = registry.gauge("\(program)_tee_lag_items", help: "Items stored and not passed on yet.")
        lagSeconds = registry.gauge(
            "\(program)_tee_lag_seconds", help: "Age of the oldest item that was not passed on yet.")
        reachable = registry.gauge("\(program)_tee_reachable", help: "1 while the other backend takes requests.")
    }
}
