import CLinux
import Glibc

/// The signals that a daemon is told by. Blocked everywhere and taken by the thread that waits, so no handler ever
/// interrupts other work.
package enum Signals {
    package enum Request: Sendable { case reload, terminate }

    /// To be called on the main thread before any other thread begins, since threads inherit what is blocked.
    package static func block() {
        var set = watched
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits until the program is asked for something.
    package static func wait() -> Request {
        var set = watched
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number == SIGHUP ? .reload : .terminate
    }

    private static var watched: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }
}
