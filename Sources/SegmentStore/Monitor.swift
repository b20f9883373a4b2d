import Glibc

/// State behind a POSIX mutex, with a condition to wait on. Sections are short: no I/O and no compression inside.
///
/// Unchecked because the compiler cannot see that `state` is touched only between lock and unlock.
package final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ initial: sending State) {
        state = initial
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func withLock<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Changes the state and wakes everybody who waits, or nobody where `wakes` says that nobody waits for this.
    package func update<R>(_ body: (inout State) -> R, wakingIf wakes: (State) -> Bool = { _ in true }) -> R {
        pthread_mutex_lock(mutex)
        let result = body(&state)
        let isAwaited = wakes(state)
        pthread_mutex_unlock(mutex)
        // Not before: who wakes up needs the mutex, and would go to sleep again for it.
        if isAwaited { pthread_cond_broadcast(condition) }
        return result
    }

    /// Asks `body` now, after each wake-up, and once more after `nanoseconds`; ends with the first value it gives. Nil when
    /// the time passed and there was still none.
    package func wait<R>(atMost nanoseconds: UInt64? = nil, _ body: (inout State) -> R?) -> R? {
        let deadline = nanoseconds.map { StoreClock.read(CLOCK_MONOTONIC) &+ min($0, 1 << 60) }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(clamping: deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return body(&state) }
        }
    }
}
