package import SelfTelemetry

/// What the way out counts beside the lanes' own figures. One set for each collector.
package final class ForwardCounters: Sendable {
    package let batches: Counter
    package let retries: Counter
    package let refused: Counter
    package let sentBytes: Counter
    package let rawBytes: Counter
    package let reachable: Gauge

    package init(registry: MetricRegistry, collector: String) {
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("hms_sidecar_" + name, help: help, labels: ["collector": collector])
        }
        batches = counter("forwarded_batches_total", "Batches that the collector acknowledged.")
        retries = counter("forward_retries_total", "Batches that were sent again.")
        refused = counter("forward_refused_batches_total", "Batches that the collector will never take, set aside.")
        sentBytes = counter(
            "forwarded_bytes_total", "Compressed bytes of batches that the collector acknowledged.")
        rawBytes = counter("forwarded_raw_bytes_total", "Bytes of the same batches before compression.")
        reachable = registry.gauge(
            "hms_sidecar_collector_reachable", help: "1 when the last attempt to reach the collector succeeded.",
            labels: ["collector": collector])
    }
}
