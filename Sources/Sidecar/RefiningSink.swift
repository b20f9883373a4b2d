import EventLoop
import Receiving
import Refining
import WireFormat

/// Stands between all doors of a loop and the spool, so that nothing comes into it unrefined: takes secrets away, samples and
/// enriches. Lives on that loop.
final class RefiningSink: TelemetrySink {
    private let next: any TelemetrySink
    private let rules: SharedRules
    private let counters: RefiningCounters
    private let maxMessageBytes: Int
    private var refiner: Refiner?
    private var generation = 0

    /// What is smaller comes and goes within a round of the loop, and is not worth being reserved.
    private static let smallBytes = 64 << 10

    /// - Parameter maxMessageBytes: no message becomes longer.
    init(_ rules: SharedRules, counters: RefiningCounters, maxMessageBytes: Int, next: any TelemetrySink) {
        self.rules = rules
        self.counters = counters
        self.maxMessageBytes = maxMessageBytes
        self.next = next
    }

    func accept(
        _ telemetry: consuming AcceptedTelemetry, _ memory: BudgetShare?, _ done: @escaping (SinkAnswer) -> Void
    ) {
        let kind = telemetry.kind
        // A message without items may have secrets in its resources all the same.
        guard !telemetry.payload.isEmpty else { return next.accept(telemetry, memory, done) }
        var refined: [UInt8] = []
        let outcome: RefiningOutcome
        do throws(WireError) {
            outcome = try refine(telemetry, memory, into: &refined)
        } catch {
            return done(answer(to: error))
        }
        guard outcome.isChanged else { return next.accept(telemetry, memory, done) }
        if telemetry.payload.count >= AcceptedTelemetry.largeBytes { memory?.shrink(by: telemetry.bytes.count) }
        telemetry.bytes = refined
        telemetry.payload = 0..<refined.count
        telemetry.items -= outcome.sampledOut
        telemetry.sampledOut = outcome.sampledOut
        next.accept(telemetry, memory) { [counters] answer in
            if case .accepted = answer { counters.count(outcome, kind) }
            done(answer)
        }
    }

    /// Reserves what comes into `refined`. Seldom is it much longer than the message, so there is a second try only for those.
    private func refine(
        _ telemetry: borrowing AcceptedTelemetry, _ memory: BudgetShare?, into refined: inout [UInt8]
    ) throws(WireError) -> RefiningOutcome {
        let message = telemetry.bytes.span.extracting(telemetry.payload)
        guard let memory, message.count >= Self.smallBytes else {
            return try currentRefiner().refine(message, telemetry.kind, limit: maxMessageBytes, into: &refined)
        }
        let usual = min(message.count + message.count / 4, maxMessageBytes)
        do throws(WireError) {
            return try refine(message, telemetry.kind, memory, usual, into: &refined)
        } catch {
            guard case .outgrown = error.reason, usual < maxMessageBytes else { throw error }
            return try refine(message, telemetry.kind, memory, maxMessageBytes, into: &refined)
        }
    }

    private func refine(
        _ message: Span<UInt8>, _ kind: SignalKind, _ memory: BudgetShare, _ most: Int, into refined: inout [UInt8]
    ) throws(WireError) -> RefiningOutcome {
        let room = memory.grow(upTo: most)
        defer { memory.shrink(by: room - refined.count) }
        // Pages cost nothing before they are written, and growing by doubling would copy them.
        if message.count >= AcceptedTelemetry.largeBytes { refined.reserveCapacity(room) }
        return try currentRefiner().refine(message, kind, limit: room, into: &refined)
    }

    private func answer(to error: WireError) -> SinkAnswer {
        switch error.reason {
        case .outgrown(limit: maxMessageBytes...):
            return .tooLarge(
                reason: "with what is added to it the message is over \(maxMessageBytes) bytes; send smaller batches")
        case .outgrown:
            return .noMemory
        default:
            // Every door has scanned the message; one that is read in another way here is not let pass unread.
            return .busy(reason: "the message cannot be refined: \(error)", retryAfter: .seconds(1))
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
