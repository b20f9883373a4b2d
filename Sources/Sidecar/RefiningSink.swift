import Receiving
import Refining
import WireFormat

/// Stands between all doors of a loop and the spool, so that nothing comes into it unrefined: takes secrets away, samples and
/// enriches. Lives on that loop.
final class RefiningSink: TelemetrySink {
    private let next: any TelemetrySink
    private let rules: SharedRules
    private let counters: RefiningCounters
    private var refiner: Refiner?
    private var generation = 0

    init(_ rules: SharedRules, counters: RefiningCounters, next: any TelemetrySink) {
        self.rules = rules
        self.counters = counters
        self.next = next
    }

    func accept(_ telemetry: consuming AcceptedTelemetry, _ done: @escaping (SinkAnswer) -> Void) {
        let kind = telemetry.kind
        guard telemetry.items > 0 else { return next.accept(telemetry, done) }
        var refined: [UInt8] = []
        let outcome: RefiningOutcome
        do throws(WireError) {
            outcome = try currentRefiner().refine(
                telemetry.bytes.span.extracting(telemetry.payload), kind, into: &refined)
        } catch {
            // Every door has scanned the message; one that is read in another way here is not let pass unread.
            done(.busy(reason: "the message cannot be refined: \(error)", retryAfter: .seconds(1)))
            return
        }
        guard outcome.isChanged else { return next.accept(telemetry, done) }
        telemetry.bytes = refined
        telemetry.payload = 0..<refined.count
        telemetry.items -= outcome.sampledOut
        telemetry.sampledOut = outcome.sampledOut
        next.accept(telemetry) { [counters] answer in
            if case .accepted = answer { counters.count(outcome, kind) }
            done(answer)
        }
    }

    private func currentRefiner() -> Refiner {
        if let fresh = rules.changed(since: &generation) {
            if let refiner { refiner.adopt(fresh) } else { refiner = Refiner(fresh) }
        }
        // The first generation is always a change, so there is one by now.
        return refiner!
    }
}
