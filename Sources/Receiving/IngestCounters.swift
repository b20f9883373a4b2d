import Refining
package import SelfTelemetry
import Synchronization
import WireFormat

/// What the front door counted. `received = accepted + duplicate + rejected`, in items; requests that could not be read have no items
/// that anybody could count, so they have a counter of their own. Shared by all loops of a program.
package final class IngestCounters: Sendable {
    /// How telemetry came in.
    package enum Door: String, CaseIterable, Sendable { case grpc, http, udp }

    /// Why items, or whole requests, were turned away.
    package enum Reason: String, CaseIterable, Sendable {
        case malformed
        case badIdentity = "bad_identity"
        case tooLarge = "too_large"
        case busy
        case unsupported
        case encoding
        case slow
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
    private let program: String
    private let registry: MetricRegistry
    /// By rule, made when the rule is first counted: rules come and go with the configuration.
    private let redacted = Mutex<[String: Counter]>([:])
    private let sampledOut = Mutex<[String: Counter]>([:])

    package init(program: String, registry: MetricRegistry) {
        self.program = program
        self.registry = registry
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

    /// What was changed in telemetry that has been accepted.
    func countRefined(_ kind: SignalKind, _ outcome: RefiningOutcome) {
        for entry in outcome.redactedByRule {
            let counter = redacted.withLock { counters in
                if let known = counters[entry.rule] { return known }
                let made = registry.counter(
                    "\(program)_redacted_values_total", help: "Secrets that were taken out of telemetry, by rule.",
                    labels: ["rule": entry.rule])
                counters[entry.rule] = made
                return made
            }
            counter.add(entry.count)
        }
        for entry in outcome.sampledOutByRule {
            let counter = sampledOut.withLock { counters in
                if let known = counters[entry.rule] { return known }
                let made = registry.counter(
                    "\(program)_sampled_out_items_total", help: "Accepted items that sampling left out, by rule.",
                    labels: ["signal": "\(kind)", "rule": entry.rule])
                counters[entry.rule] = made
                return made
            }
            counter.add(entry.count)
        }
    }

    func countRequest(_ door: Door) { requests[door]?.add() }
    func countRefusedRequest(_ reason: Reason) { refusedRequests[reason]?.add() }
    func countReceived(_ kind: SignalKind, _ items: Int) { signals[kind]?.received.add(items) }
    func countAccepted(_ kind: SignalKind, _ items: Int) { signals[kind]?.accepted.add(items) }
    func countDuplicate(_ kind: SignalKind, _ items: Int) { signals[kind]?.duplicate.add(items) }
    func countRejected(_ kind: SignalKind, _ items: Int, _ reason: Reason) {
        if items > 0 { signals[kind]?.rejected[reason]?.add(items) }
    }
}
