import Access
import Daemon
import EventLoop
import HTTP
import SelfTelemetry
import Synchronization

/// The collector's way to the audit log: acts that must not happen unrecorded use `record`, which throws; for all others a
/// log that cannot be written is counted and told, and no reason to stop. Any thread may call it.
final class AuditTrail: Sendable {
    private let audit: AuditLog?
    private let log: Log
    private let failures: Counter
    private let refusals = Mutex(RefusedActLimit())

    /// - Parameter directory: the store's, which is there and locked.
    init(directory: String, registry: MetricRegistry, log: Log) {
        self.log = log
        failures = registry.counter(
            "\(Collector.program)_audit_failures_total", help: "Administrative acts that could not be recorded.")
        do {
            let audit = try AuditLog(directory: directory)
            for remark in audit.remarks { log.error("audit_mended", remark) }
            self.audit = audit
        } catch {
            log.error("audit_failed", "administrative acts are not recorded", ["reason": error.description])
            audit = nil
        }
    }

    /// For an act that is refused when it cannot be recorded.
    func record(_ act: String, by: String, _ details: KeyValuePairs<String, String> = [:]) throws(AuditProblem) {
        guard let audit else { throw AuditProblem(description: "the audit log could not be opened; see the log") }
        try audit.record(act, by: by, details)
    }

    /// - Parameter durably: false on threads that serve.
    func note(
        _ act: String, by: String = "system", _ details: KeyValuePairs<String, String> = [:], durably: Bool = true
    ) {
        guard let audit else { return failures.add() }
        do {
            try audit.record(act, by: by, details, durably: durably)
        } catch {
            failures.add()
            log.error(
                "audit_failed", "an administrative act is not recorded", ["act": act, "reason": error.description])
        }
    }

    func note(_ reading: KeyFileReading) {
        switch reading {
        case .taken(let changes):
            guard !changes.isEmpty else { return }
            note(
                "keys_changed",
                [
                    "added": changes.added.joined(separator: " "), "removed": changes.removed.joined(separator: " "),
                    "revoked": changes.revoked.joined(separator: " "),
                    "changed": changes.changed.joined(separator: " "),
                ], durably: false)
        case .refused(let reason): note("keys_refused", ["reason": reason], durably: false)
        }
    }

    /// Somebody tried an administrative act without the right to it. So that nobody fills the disk with tries, there are ten
    /// entries, and then one a second, which tells how many were left out before it.
    func noteRefused(_ head: RequestHead, reason: String, key: String?) {
        guard let leftOut = refusals.withLock({ $0.admit(at: .now()) }) else { return }
        note(
            "act_refused", by: key.map { "key \($0)" } ?? "nobody",
            [
                "reason": reason, "method": String(head.method.prefix(16)), "path": String(head.path.prefix(128)),
                "peer": head.peer?.description ?? "unknown", "left_out": String(leftOut),
            ], durably: false)
    }

    /// The last line's place and digest, for the program's own log: that one usually leaves the machine.
    var head: (sequence: UInt64, digest: String)? { audit?.head }

    func newest(_ limit: Int) throws(AuditProblem) -> [ArraySlice<UInt8>] {
        guard let audit else { throw AuditProblem(description: "the audit log could not be opened; see the log") }
        return try audit.newest(limit)
    }
}

/// Ten at once, then one a second.
struct RefusedActLimit {
    private var left = 10
    private var refilled: MonotonicTime?
    private var leftOut: UInt64 = 0

    /// How many were left out since the last that was let through; nil when this one is left out as well.
    mutating func admit(at now: MonotonicTime) -> UInt64? {
        let last = refilled ?? now
        let earned = max(0, (now - last).wholeNanoseconds / 1_000_000_000)
        if earned > 0 || refilled == nil {
            left = min(10, left + Int(clamping: earned))
            refilled = last + .seconds(earned)
        }
        guard left > 0 else {
            leftOut += 1
            return nil
        }
        left -= 1
        defer { leftOut = 0 }
        return leftOut
    }
}
