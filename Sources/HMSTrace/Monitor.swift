import Glibc

/// A value behind a lock, with a way to wait until it has changed. Waiting follows the clock that never jumps.
final class Monitor<State>: @unchecked Sendable {
    // Sendable holds: `state` is touched only between lock and unlock, and the two C objects are made to be shared. They
    // have an address of their own that does not change, and are freed when nobody can be waiting any more.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    init(_ state: sending State) {
        self.state = state
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

    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Wakes all who wait.
    func broadcast() { pthread_cond_broadcast(condition) }

    /// Waits until `condition` holds for the state, or until `deadline` (monotonic nanoseconds); false when it came first.
    /// `deadline` is asked anew after each change, so that it may depend on the state.
    @discardableResult
    func wait(deadline: (State) -> UInt64?, until isReached: (State) -> Bool) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isReached(state) {
            guard let limit = deadline(state) else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            guard monotonicNanoseconds() < limit else { return false }
            var time = timespec(tv_sec: Int(limit / 1_000_000_000), tv_nsec: Int(limit % 1_000_000_000))
            pthread_cond_timedwait(condition, mutex, &time)
        }
        return true
    }
}
