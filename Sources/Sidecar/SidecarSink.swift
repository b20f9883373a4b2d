import EventLoop
import Receiving

/// Hands what the doors accept to the lanes of their loop. Lives on that loop.
///
/// When the spool is full a request is held back for a moment before it is refused: a sender that waits for its answers is
/// slowed to the pace of the collector, and only one that keeps pushing is told to come again.
final class SidecarSink: TelemetrySink {
    private struct Held {
        let telemetry: AcceptedTelemetry
        let memory: BudgetShare?
        let done: (SinkAnswer) -> Void
        let deadline: MonotonicTime
    }

    private static let retryInterval = Duration.milliseconds(5)
    /// Of what is held back on this loop; more is refused at once.
    private static let maxHeldBytes = 8 << 20

    private let outbox: LaneOutbox
    private let loop: EventLoop
    private let patience: Duration
    private var held: [Held] = []
    private var heldBytes = 0
    private var retry: Timer?

    /// - Parameter patience: how long a request may be held back; zero for a door that answers nobody.
    init(outbox: LaneOutbox, loop: EventLoop, patience: Duration) {
        self.outbox = outbox
        self.loop = loop
        self.patience = patience
    }

    func accept(
        _ telemetry: consuming AcceptedTelemetry, _ memory: BudgetShare?, _ done: @escaping (SinkAnswer) -> Void
    ) {
        guard telemetry.payload.count <= outbox.largestMessage else {
            return done(
                .tooLarge(
                    reason: "the whole spool holds \(outbox.largestMessage) bytes; send smaller batches, "
                        + "or raise 'spool.max_bytes'"))
        }
        if held.isEmpty {
            switch outbox.append(telemetry, memory, done) {
            case .taken: return
            case .noRoom: break
            case .noMemory: return done(.noMemory)
            }
        }
        guard patience > .zero, heldBytes + telemetry.bytes.count <= Self.maxHeldBytes else {
            done(Self.full)
            return
        }
        heldBytes += telemetry.bytes.count
        held.append(Held(telemetry: telemetry, memory: memory, done: done, deadline: loop.now() + patience))
        scheduleRetry()
    }

    private static let full = SinkAnswer.busy(
        reason: "there is no room left, as the collector does not take it fast enough; send it again later",
        retryAfter: .seconds(1))

    private func scheduleRetry() {
        guard retry == nil else { return }
        retry = loop.schedule(after: Self.retryInterval) { [weak self] in
            guard let self else { return }
            retry = nil
            releaseHeld()
            if !held.isEmpty { scheduleRetry() }
        }
    }

    /// In the order in which they came: those that fit now are taken, those that waited too long refused.
    private func releaseHeld() {
        let now = loop.now()
        var settled = 0
        while settled < held.count {
            let request = held[settled]
            let outcome = outbox.append(request.telemetry, request.memory, request.done)
            guard outcome != .noRoom || request.deadline <= now else { break }
            heldBytes -= request.telemetry.bytes.count
            settled += 1
            switch outcome {
            case .taken: break
            case .noRoom: request.done(Self.full)
            case .noMemory: request.done(.noMemory)
            }
        }
        held.removeFirst(settled)
    }
}
