import CLinux
import Glibc

/// Tells systemd how the program is, where it asked for that (`Type=notify`). Elsewhere it does nothing.
package enum ServiceManager {
    /// Started, or reloaded: all doors are open.
    package static func ready(_ status: String) { tell("READY=1\nSTATUS=\(status)") }
    package static func stopping() { tell("STOPPING=1\nSTATUS=finishing what was begun") }

    /// To be followed by `ready`.
    package static func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let microseconds = UInt64(clamping: time.tv_sec) * 1_000_000 + UInt64(clamping: time.tv_nsec) / 1000
        tell("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    private static func tell(_ text: String) {
        guard let path = getenv("NOTIFY_SOCKET") else { return }
        // A supervisor that cannot be told is no reason to end.
        _ = hms_notify(path, text, UInt(text.utf8.count))
    }
}
