import Refining
import SelfTelemetry
import Synchronization
import WireFormat

/// What was changed in telemetry on its way into the spool, by rule. Counters are made when a rule is first counted: rules
/// come and go with the configuration. Shared by all loops.
final class RefiningCounters: Sendable {
    private struct Key: Hashable {
        let signal: String
        let rule: String
    }

    private let registry: MetricRegistry
    private let redacted = Mutex<[Key: Counter]>([:])
    private let sampledOut = Mutex<[Key: Counter]>([:])

    init(registry: MetricRegistry) { self.registry = registry }

    func count(_ outcome: RefiningOutcome, _ kind: SignalKind) {
        for entry in outcome.redactedByRule { counter(entry.rule, kind, redacted, Self.redactedName).add(entry.count) }
        for entry in outcome.sampledOutByRule {
            counter(entry.rule, kind, sampledOut, Self.sampledName).add(entry.count)
        }
    }

    private static let redactedName = (
        "hms_sidecar_redacted_values_total", "Secrets that were taken out of telemetry, by rule."
    )
    private static let sampledName = (
        "hms_sidecar_sampled_out_items_total", "Accepted items that sampling left out, by rule."
    )

    private func counter(
        _ rule: String, _ kind: SignalKind, _ table: borrowing Mutex<[Key: Counter]>, _ name: (String, String)
    ) -> Counter {
        let key = Key(signal: "\(kind)", rule: rule)
        return table.withLock { counters in
            if let known = counters[key] { return known }
            let made = registry.counter(name.0, help: name.1, labels: ["signal": key.signal, "rule": rule])
            counters[key] = made
            return made
        }
    }
}
