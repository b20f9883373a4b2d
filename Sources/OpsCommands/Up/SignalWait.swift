import Glibc

/// Receives signals when asked to, instead of being interrupted by them.
struct SignalWait {
    private var set = sigset_t()

    /// Blocks `signals` for this thread, and so for the threads it starts.
    init(_ signals: [Int32]) {
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The next signal, or nil when none came in time.
    func next(within duration: Duration) -> Int32? {
        let parts = duration.components
        var time = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
        var set = set
        let signal = sigtimedwait(&set, nil, &time)
        return signal > 0 ? signal : nil
    }
}
