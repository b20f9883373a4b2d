package import EventLoop

/// Shares out the process's byte budget among the bodies that the servers of one loop receive. Lives on that loop.
///
/// Below three quarters of the budget everybody is read. Above, large bodies wait unread, except the oldest, which goes on
/// until it is complete: so one can always finish. At the limit the request that asks for more is refused, unless a body
/// that holds much more than it can be given up instead, so that small requests pass while large ones fill the memory.
/// Whoever waits, or lets others wait, for too long is refused, so nothing is held for ever.
package final class BodyMemory {
    package let budget: ByteBudget
    /// The part of the budget that connections may take by being open.
    let connections: ByteBudget
    private let loop: EventLoop
    /// The oldest first.
    private var bodies: [LargeBody] = []
    private var check: Timer?

    /// Below this a body is not worth slowing down.
    static let largeBytes = 32 << 10
    /// Of the one body that is read while all others wait: after so long without a byte it has lost its turn.
    private static let stallPatience = Duration.milliseconds(500)
    /// Of a body that waits unread.
    private static let pausePatience = Duration.seconds(5)
    /// Of any other body that is read, where memory is short.
    static let smallPatience = Duration.seconds(2)
    private static let checkInterval = Duration.milliseconds(50)

    package init(loop: EventLoop, budget: ByteBudget) {
        self.loop = loop
        self.budget = budget
        connections = ByteBudget(limit: budget.limit / 2, within: budget)
    }

    deinit { check?.cancel() }

    func add(_ body: LargeBody) { bodies.append(body) }

    func remove(_ body: LargeBody) {
        guard let index = bodies.firstIndex(where: { $0 === body }) else { return }
        bodies.remove(at: index)
        if !bodies.isEmpty, bodies[0].isPaused { resume(bodies[0]) }
    }

    /// Grows `share` by `bytes`, at the cost of larger bodies where there is no other way.
    func grow(_ share: BudgetShare, by bytes: Int) -> Bool {
        while !share.grow(by: bytes) {
            guard let victim = victim(of: share, bytes) else { return false }
            remove(victim)
            victim.giveUp()
        }
        return true
    }

    private func victim(of share: BudgetShare, _ bytes: Int) -> LargeBody? {
        guard let oldest = bodies.first else { return nil }
        let others = bodies.dropFirst().lazy.filter { $0.share !== share }
        guard let largest = others.max(by: { $0.share.bytes < $1.share.bytes }) else { return nil }
        // The oldest may finish at the cost of any other. The rest would only take turns in being given up.
        return oldest.share === share || largest.share.bytes / 4 >= share.bytes + bytes ? largest : nil
    }

    /// Has `body`, which has just grown, wait where memory is short.
    func pause(_ body: LargeBody) {
        guard budget.isTight else { return }
        if body.pausedAt == nil, bodies.first !== body { body.pausedAt = loop.now() }
        scheduleCheck()
    }

    private func resume(_ body: LargeBody) {
        guard body.pausedAt != nil else { return }
        body.pausedAt = nil
        body.lastProgress = loop.now()
        // Later, as whoever let go of memory may be in the middle of its own work.
        loop.atEndOfRound { body.resume() }
    }

    private func scheduleCheck() {
        guard check == nil else { return }
        check = loop.schedule(after: Self.checkInterval) { [weak self] in self?.lookAfterWaiting() }
    }

    private func lookAfterWaiting() {
        check = nil
        let now = loop.now()
        if budget.isTight {
            let overdue = bodies.first { body in
                body.pausedAt.map { now - $0 > Self.pausePatience } ?? (now - body.lastProgress > Self.stallPatience)
            }
            // One at a time: it may have been enough.
            if let overdue {
                remove(overdue)
                overdue.giveUp()
            }
        }
        if let first = bodies.first { resume(first) }
        for body in bodies where !budget.isTight { resume(body) }
        if budget.isTight, !bodies.isEmpty { scheduleCheck() }
    }
}
