import CLinux
import Glibc

/// Waits for descriptors, timers and mailboxes on one thread and calls their handlers there.
///
/// Everything that lives on a loop is confined to its thread, which is why neither the loop nor what it owns is `Sendable`.
/// Other threads hold a `Mailbox`. Handlers must not block.
package final class EventLoop {
    private let epoll: Int32
    private var watches: [Watch?] = []
    private var registrations: UInt32 = 0
    private var timers = TimerHeap()
    private var stopRequested = false
    private var roundEndActions: [() -> Void] = []
    private var thread = pthread_self()
    private let events: UnsafeMutablePointer<epoll_event>
    private static let eventsPerWait = 256

    package init() throws(SystemError) {
        epoll = try check("epoll_create1", epoll_create1(Int32(EPOLL_CLOEXEC)))
        events = .allocate(capacity: Self.eventsPerWait)
    }

    deinit {
        close(epoll)
        events.deallocate()
    }

    package func now() -> MonotonicTime { MonotonicTime.now() }

    package func preconditionOnLoop() {
        precondition(pthread_equal(thread, pthread_self()) != 0, "called outside the loop's thread")
    }

    // MARK: descriptors

    /// Calls `handler` whenever `fd` is ready, until the watch is cancelled. The loop does not own the descriptor: cancel
    /// the watch first, then close it.
    package func watch(
        _ fd: Int32, _ interest: Interest, _ handler: @escaping (Readiness) -> Void
    ) throws(SystemError) -> Watch {
        registrations &+= 1
        let watch = Watch(fd: fd, registration: registrations, loop: self, handler: handler)
        var event = epoll_event(events: interest.epollMask, data: epoll_data_t(u64: watch.key))
        try check("epoll_ctl add", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        while watches.count <= Int(fd) { watches.append(nil) }
        watches[Int(fd)] = watch
        return watch
    }

    fileprivate func update(_ watch: Watch, _ interest: Interest) {
        var event = epoll_event(events: interest.epollMask, data: epoll_data_t(u64: watch.key))
        let result = epoll_ctl(epoll, EPOLL_CTL_MOD, watch.fd, &event)
        precondition(result == 0, "epoll_ctl on a watch that is registered")
    }

    fileprivate func cancel(_ watch: Watch) {
        guard watches.indices.contains(Int(watch.fd)), watches[Int(watch.fd)] === watch else { return }
        watches[Int(watch.fd)] = nil
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, watch.fd, &event)
    }

    // MARK: timers

    package func schedule(after delay: Duration, _ action: @escaping () -> Void) -> Timer {
        let timer = Timer(deadline: now() + delay, action: action)
        timers.insert(timer)
        return timer
    }

    /// Runs `action` after everything that this round of the loop brings, before the next wait. For work that many
    /// handlers of one round cause but that is to be done once, such as writing what they queued.
    package func atEndOfRound(_ action: @escaping () -> Void) { roundEndActions.append(action) }

    // MARK: running

    /// Runs until `stop` is called.
    package func run() {
        thread = pthread_self()
        while !stopRequested { waitAndDispatch(timeout: nil) }
        stopRequested = false
    }

    /// Waits once, at most for `timeout`, and handles what came. For blocking clients and tests.
    package func runOnce(timeout: Duration?) {
        thread = pthread_self()
        waitAndDispatch(timeout: timeout)
    }

    /// Makes `run` return after the round in which this is called; called before `run`, makes it return at once.
    package func stop() { stopRequested = true }

    /// Lets go of every handler. What a handler holds often holds the loop in turn, so neither would ever be freed.
    func forgetHandlers() {
        // Held until the end of the scope, as what is freed then may cancel its watch or timer here.
        let forgotten = (watches, timers, roundEndActions)
        (watches, timers, roundEndActions) = ([], TimerHeap(), [])
        _ = forgotten
    }

    private func waitAndDispatch(timeout: Duration?) {
        var wait: Int32 = -1
        if let limit = timeout { wait = milliseconds(limit) }
        if !roundEndActions.isEmpty { wait = 0 }  // left from before the first round
        if let next = timers.earliest {
            let left = milliseconds(next - now())
            wait = wait < 0 ? left : min(wait, left)
        }
        let count = epoll_wait(epoll, events, Int32(Self.eventsPerWait), wait)
        // Interrupted by a signal: nothing is ready, timers may be.
        for index in 0..<max(0, Int(count)) {
            let event = events[index]
            let fd = Int(UInt32(truncatingIfNeeded: event.data.u64))
            // The registration tells a descriptor that was closed and reused in this round from the one that was meant.
            guard watches.indices.contains(fd), let watch = watches[fd], watch.key == event.data.u64 else { continue }
            watch.handler(Readiness(epollMask: event.events))
        }
        let now = now()
        while let timer = timers.popDue(at: now) { timer.fire() }
        runRoundEndActions()
    }

    private func runRoundEndActions() {
        while !roundEndActions.isEmpty {
            let actions = roundEndActions
            roundEndActions.removeAll(keepingCapacity: true)
            for action in actions { action() }
        }
    }

    private func milliseconds(_ duration: Duration) -> Int32 {
        Int32(clamping: (duration.wholeNanoseconds &+ 999_999) / 1_000_000)
    }
}

/// What a watch waits for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let read = Interest(rawValue: 1)
    package static let write = Interest(rawValue: 2)
    /// Registered but silent, for a descriptor whose peer is being slowed down.
    package static let nothing: Interest = []

    var epollMask: UInt32 {
        (contains(.read) ? EPOLLIN.rawValue : 0) | (contains(.write) ? EPOLLOUT.rawValue : 0)
    }
}

/// What a descriptor is ready for. A hang-up or error makes it readable and writable: the next call then tells the reason.
package struct Readiness: Sendable {
    package let readable: Bool
    package let writable: Bool
    package let hungUp: Bool

    init(epollMask mask: UInt32) {
        hungUp = mask & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        readable = mask & EPOLLIN.rawValue != 0 || hungUp
        writable = mask & EPOLLOUT.rawValue != 0 || hungUp
    }
}

/// A descriptor that a loop watches. Lives on that loop.
package final class Watch {
    package let fd: Int32
    fileprivate let key: UInt64
    fileprivate let handler: (Readiness) -> Void
    private unowned let loop: EventLoop
    private var active = true
    private var interest: Interest?

    fileprivate init(fd: Int32, registration: UInt32, loop: EventLoop, handler: @escaping (Readiness) -> Void) {
        self.fd = fd
        self.key = UInt64(registration) << 32 | UInt64(UInt32(bitPattern: fd))
        self.loop = loop
        self.handler = handler
    }

    /// Changes what is waited for; free when it is what is waited for already.
    package func update(_ interest: Interest) {
        guard active, interest != self.interest else { return }
        self.interest = interest
        loop.update(self, interest)
    }

    /// After this the handler is not called again. Safe to call from within the handler, and twice.
    package func cancel() {
        guard active else { return }
        active = false
        loop.cancel(self)
    }
}
