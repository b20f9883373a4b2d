package import EventLoop
package import SelfTelemetry
import WireFormat

/// The way from the loops that receive to the one that forwards: a mailbox bounded by a byte budget. Shared by all of them.
package final class ForwardRoute: Sendable {
    package let budget: ByteBudget
    package let counters: ForwardCounters
    let mailbox: Mailbox<ForwardMessage>

    package init(
        maxBytes: Int, within whole: ByteBudget? = nil, counters: ForwardCounters
    ) throws(SystemError) {
        budget = ByteBudget(limit: maxBytes, within: whole)
        self.counters = counters
        mailbox = try Mailbox(capacity: 1 << 20)
    }

    func post(_ batch: OutgoingBatch) {
        guard !mailbox.post(.batch(batch)) else { return }
        // A million batches wait, far more than the budget lets happen with batches of any size.
        counters.countDropped(batch.kind, batch.items, .queueFull)
        counters.waiting[batch.kind]?.subtract(batch.items)
        budget.release(batch.reservedBytes)
    }

    /// Has the forwarder send what it holds and then call `done` on its own thread.
    package func drain(_ done: @escaping @Sendable () -> Void) { mailbox.post(.drain(done)) }
}

enum ForwardMessage: Sendable {
    case batch(OutgoingBatch)
    case drain(@Sendable () -> Void)
}

/// What left the process, and what did not: `accepted = forwarded + waiting + dropped`, in items.
package final class ForwardCounters: Sendable {
    package enum DropReason: String, CaseIterable, Sendable {
        case refused = "refused_by_collector"
        case rejected = "rejected_by_collector"
        case queueFull = "queue_full"
    }

    private let forwarded: [SignalKind: Counter]
    private let dropped: [SignalKind: [DropReason: Counter]]
    let waiting: [SignalKind: Gauge]
    package let batches: Counter
    package let retries: Counter
    package let sentBytes: Counter
    package let connected: Gauge

    package init(registry: MetricRegistry) {
        func perKind<Value>(_ make: (String) -> Value) -> [SignalKind: Value] {
            Dictionary(uniqueKeysWithValues: SignalKind.allCases.map { ($0, make("\($0)")) })
        }
        forwarded = perKind {
            registry.counter(
                "hms_sidecar_forwarded_items_total", help: "Items that the collector acknowledged.",
                labels: ["signal": $0])
        }
        dropped = perKind { signal in
            Dictionary(
                uniqueKeysWithValues: DropReason.allCases.map { reason in
                    let counter = registry.counter(
                        "hms_sidecar_dropped_items_total",
                        help: "Items that were accepted and did not reach the collector.",
                        labels: ["signal": signal, "reason": reason.rawValue])
                    return (reason, counter)
                })
        }
        waiting = perKind {
            registry.gauge(
                "hms_sidecar_waiting_items",
                help: "Items that were accepted and are neither acknowledged by the collector nor dropped.",
                labels: ["signal": $0])
        }
        batches = registry.counter(
            "hms_sidecar_forwarded_batches_total", help: "Batches that the collector acknowledged.")
        retries = registry.counter("hms_sidecar_forward_retries_total", help: "Batches that were sent again.")
        sentBytes = registry.counter(
            "hms_sidecar_forwarded_bytes_total", help: "Compressed bytes of batches that the collector acknowledged.")
        connected = registry.gauge(
            "hms_sidecar_collector_reachable", help: "1 when the last attempt to reach the collector succeeded.")
    }

    func countForwarded(_ kind: SignalKind, _ items: Int) { forwarded[kind]?.add(items) }
    func countDropped(_ kind: SignalKind, _ items: Int, _ reason: DropReason) { dropped[kind]?[reason]?.add(items) }
}
