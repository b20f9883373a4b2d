import EventLoop

/// A body that is being received and holds enough memory to be slowed down, or given up, for the sake of others. Lives on
/// its server's loop, known to that loop's `BodyMemory`.
final class LargeBody {
    let share: BudgetShare
    var lastProgress: MonotonicTime
    var pausedAt: MonotonicTime?
    /// Has the connection read on.
    let resume: () -> Void
    /// Refuses the request and drops its bytes before it returns.
    let giveUp: () -> Void

    init(share: BudgetShare, now: MonotonicTime, resume: @escaping () -> Void, giveUp: @escaping () -> Void) {
        self.share = share
        lastProgress = now
        self.resume = resume
        self.giveUp = giveUp
    }

    var isPaused: Bool { pausedAt != nil }
}
