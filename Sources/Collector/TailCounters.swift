import SelfTelemetry

/// What an operator watches of tails.
struct TailCounters: Sendable {
    let open: Gauge
    let looked: Counter
    let events: Counter
    /// New traces that were too many to be looked at.
    let unseen: Counter
    /// Events that a reader did not take.
    let behind: Counter
    let refused: Counter

    init(_ registry: MetricRegistry) {
        open = registry.gauge("hms_collector_tails", help: "Live tails that are open.")
        looked = registry.counter(
            "hms_collector_tail_traces_total", help: "New traces that were looked at for live tails.")
        events = registry.counter("hms_collector_tail_events_total", help: "Traces that were told to live tails.")
        let dropped = "Traces that live tails were not told, by reason."
        unseen = registry.counter(
            "hms_collector_tail_dropped_total", help: dropped, labels: ["reason": "too_many_traces"])
        behind = registry.counter(
            "hms_collector_tail_dropped_total", help: dropped, labels: ["reason": "reader_behind"])
        refused = registry.counter(
            "hms_collector_tail_refusals_total", help: "Live tails refused because too many are open.")
    }
}
