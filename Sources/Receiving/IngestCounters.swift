package import SelfTelemetry
package import WireFormat

/// What the front door counted. `received = accepted + duplicate + rejected`, in items; requests that could not be read have no items
/// that anybody could count, so they have a counter of their own. Shared by all loops of a program.
package final class IngestCounters: Sendable {
    /// How telemetry came in.
    package enum Door: String, CaseIterable, Sendable { case grpc, http, udp, statsd, push, scrape }

    /// Why items, or whole requests, were turned away.
    package enum Reason: String, CaseIterable, Sendable {
        case malformed
        case badIdentity = "bad_identity"
        case tooLarge = "too_large"
        case busy
        case unsupported
        case encoding
        case slow
        case unauthenticated
        case forbidden
        case limited
    }

    private struct Signal {
        let received: Counter
        let accepted: Counter
        let duplicate: Counter
        let rejected: [Reason: Counter]
    }

    private let signals: [SignalKind: Signal]
    private let requests: [Door: Counter]
    private let refusedRequests: [Reason: Counter]
    package let receivedBytes: Counter
    private let onRejected: (@Sendable (SignalKind, Int, Reason) -> Void)?
    private let onDuplicate: (@Sendable (SignalKind, Int) -> Void)?

    /// - Parameters:
    ///   - onRejected: told of items that are turned away, on the thread that counts them; it must not block.
    ///   - onDuplicate: the same for items that came before.
    package init(
        program: String, registry: MetricRegistry,
        onRejected: (@Sendable (SignalKind, Int, Reason) -> Void)? = nil,
        onDuplicate: (@Sendable (SignalKind, Int) -> Void)? = nil
    ) {
        self.onRejected = onRejected
        self.onDuplicate = onDuplicate
        var signals: [SignalKind: Signal] = [:]
        for kind in SignalKind.allCases {
            let label = "\(kind)"
            signals[kind] = Signal(
                received: registry.counter(
                    "\(program)_received_items_total", help: "Spans, data points and log records that were read.",
                    labels: ["signal": label]),
                accepted: registry.counter(
                    "\(program)_accepted_items_total", help: "Items that were acknowledged or, over UDP, taken.",
                    labels: ["signal": label]),
                duplicate: registry.counter(
                    "\(program)_duplicate_items_total", help: "Items of batches that were known already.",
                    labels: ["signal": label]),
                rejected: Dictionary(
                    uniqueKeysWithValues: Reason.allCases.map { reason in
                        let counter = registry.counter(
                            "\(program)_rejected_items_total", help: "Items that were read and turned away, by reason.",
                            labels: ["signal": label, "reason": reason.rawValue])
                        return (reason, counter)
                    }))
        }
        self.signals = signals
        requests = Dictionary(
            uniqueKeysWithValues: Door.allCases.map { door in
                let counter = registry.counter(
                    "\(program)_requests_total", help: "Requests and datagrams that came in, by door.",
                    labels: ["door": door.rawValue])
                return (door, counter)
            })
        refusedRequests = Dictionary(
            uniqueKeysWithValues: Reason.allCases.map { reason in
                let counter = registry.counter(
                    "\(program)_refused_requests_total",
                    help: "Requests and datagrams turned away whole, by reason.", labels: ["reason": reason.rawValue])
                return (reason, counter)
            })
        receivedBytes = registry.counter(
            "\(program)_received_bytes_total", help: "Bytes of telemetry, after decompression.")
    }

    package func countRequest(_ door: Door) { requests[door]?.add() }
    package func countRefusedRequest(_ reason: Reason) { refusedRequests[reason]?.add() }
    package func countReceived(_ kind: SignalKind, _ items: Int) { signals[kind]?.received.add(items) }
    package func countAccepted(_ kind: SignalKind, _ items: Int) { signals[kind]?.accepted.add(items) }
    /// Counts what was given to the sink with its outcome, so that the sums agree whenever they are read.
    package func count(_ answer: SinkAnswer, _ kind: SignalKind, _ items: Int) {
        countReceived(kind, items)
        switch answer {
        case .accepted: countAccepted(kind, items)
        case .duplicate: countDuplicate(kind, items)
        case .partlyDuplicate(let duplicates):
            countDuplicate(kind, duplicates)
            countAccepted(kind, items - duplicates)
        case .busy: countRejected(kind, items, .busy)
        case .tooLarge: countRejected(kind, items, .tooLarge)
        }
    }

    package func countDuplicate(_ kind: SignalKind, _ items: Int) {
        signals[kind]?.duplicate.add(items)
        onDuplicate?(kind, items)
    }

    package func countRejected(_ kind: SignalKind, _ items: Int, _ reason: Reason) {
        guard items > 0 else { return }
        signals[kind]?.rejected[reason]?.add(items)
        onRejected?(kind, items, reason)
    }
}
