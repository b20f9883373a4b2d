import EventLoop
import Synchronization

/// A thread for the few bodies that take long to unpack and check, so that nobody waits behind them. Started with the first
/// of them. What waits for it is bounded by the budget that its bytes are reserved from. Lives on the service's loop.
final class HeavyIntake {
    typealias Result = Swift.Result<TelemetryIntake.Outcome, TelemetryIntake.Failure>

    private enum Command: Sendable {
        case run(ticket: UInt64, TelemetryIntake.Job, reserved: Int)
        case stop
    }

    private struct Done: Sendable {
        let ticket: UInt64
        let result: Handover
        let reserved: Int
    }

    /// Carries a result that whoever takes it has alone: the message that brought it holds it no more.
    private final class Handover: Sendable {
        private let content: Mutex<Result?>
        init(_ result: Result) { content = Mutex(result) }
        func take() -> Result? { content.withLock { $0.take() } }
    }

    private struct Waiting {
        let share: BudgetShare
        let done: (consuming Result) -> Void
    }

    private let commands: Mailbox<Command>
    private let watch: Watch
    private let waiting: WaitingTable

    /// What the answers find; apart, so that the loop's handler does not keep the intake alive.
    private final class WaitingTable {
        var entries: [UInt64: Waiting] = [:]
    }

    private var tickets: UInt64 = 0

    init(
        loop: EventLoop, budget: ByteBudget, makeIntake: @escaping @Sendable () -> TelemetryIntake
    ) throws(SystemError) {
        let commands = try Mailbox<Command>(capacity: .max)
        let answers = try Mailbox<Done>(capacity: .max)
        let waiting = WaitingTable()
        self.commands = commands
        self.waiting = waiting
        watch = try loop.receive(from: answers) { answer in
            guard let entry = waiting.entries.removeValue(forKey: answer.ticket), let result = answer.result.take()
            else { return }
            entry.share.adopt(answer.reserved)
            entry.done(consume result)
        }
        _ = try EventLoop.start(name: "unpack") { loop in
            let intake = makeIntake()
            let received = Swift.Result { () throws(SystemError) in
                try loop.receive(from: commands) { command in
                    switch command {
                    case .stop: loop.stop()
                    case .run(let ticket, let job, let reserved):
                        let share = BudgetShare(of: budget, adopting: reserved)
                        let result = Result { () throws(TelemetryIntake.Failure) in
                            try intake.run(job, share, quickly: false)
                        }
                        answers.post(Done(ticket: ticket, result: Handover(result), reserved: share.detach()))
                    }
                }
            }
            // Without its mailbox the thread would be deaf, and every body that is given to it would wait for ever.
            if case .failure(let error) = received { preconditionFailure("unpack thread: \(error)") }
        }
    }

    deinit {
        watch.cancel()
        commands.post(.stop)
    }

    /// Calls `done` on the service's loop; `share` is empty until then.
    func run(_ job: TelemetryIntake.Job, _ share: BudgetShare, _ done: @escaping (consuming Result) -> Void) {
        tickets += 1
        waiting.entries[tickets] = Waiting(share: share, done: done)
        commands.post(.run(ticket: tickets, job, reserved: share.detach()))
    }
}
