/// Decides which segments go. A value: segments and both clocks in, numbers out.
///
/// Age is counted on a wall clock that is believed only while it goes at the pace of the monotonic one. After a jump, and
/// after the start, the new time counts once checks have agreed on it for `confirmation`; until then time goes on from the
/// last one believed, or age deletes nothing.
struct RetentionPolicy: Sendable {
    /// What NTP may step without being a jump.
    static let tolerance: Int64 = 60_000_000_000

    let retention: UInt64?
    let maxBytes: Int?
    let confirmation: UInt64
    /// Wall time minus monotonic time, as believed.
    private var trusted: Int64?
    private var candidate: (offset: Int64, since: UInt64)?

    struct Candidate: Sendable {
        var number: UInt32
        var bytes: Int
        var lastReceivedAt: UInt64
        /// Only sealed segments may go.
        var isSealed: Bool
    }
    enum Reason: Sendable, Equatable { case age, size }
    struct Decision: Sendable {
        var expired: [(number: UInt32, reason: Reason)] = []
        /// Set once for each jump: how far.
        var jumpSeconds: Int?
    }

    init(options: StoreOptions) {
        retention = options.retention?.clampedNanoseconds
        maxBytes = options.maxBytes
        confirmation = options.clockConfirmation.clampedNanoseconds
    }

    /// `segments` come oldest first.
    mutating func decide(_ segments: [Candidate], wall: UInt64, monotonic: UInt64) -> Decision {
        var decision = Decision()
        let now = believedTime(wall: wall, monotonic: monotonic, &decision)
        var bytes = segments.reduce(0) { $0 + $1.bytes }
        for segment in segments where segment.isSealed {
            if let now, let retention, now > segment.lastReceivedAt, now - segment.lastReceivedAt > retention {
                decision.expired.append((segment.number, .age))
            } else if let maxBytes, bytes > maxBytes {
                decision.expired.append((segment.number, .size))
            } else {
                continue
            }
            bytes -= segment.bytes
        }
        return decision
    }

    private mutating func believedTime(wall: UInt64, monotonic: UInt64, _ decision: inout Decision) -> UInt64? {
        let offset = Int64(bitPattern: wall &- monotonic)
        if let trusted, near(offset, trusted) {
            // Follows slow drift.
            self.trusted = offset
            candidate = nil
        } else if let candidate, near(offset, candidate.offset) {
            if monotonic &- candidate.since >= confirmation {
                trusted = offset
                self.candidate = nil
            }
        } else {
            candidate = (offset, monotonic)
            if let trusted {
                decision.jumpSeconds = Int(offset.subtractingReportingOverflow(trusted).partialValue / 1_000_000_000)
            }
        }
        return trusted.map { monotonic &+ UInt64(bitPattern: $0) }
    }

    private func near(_ left: Int64, _ right: Int64) -> Bool {
        let (difference, overflow) = left.subtractingReportingOverflow(right)
        return !overflow && difference.magnitude <= UInt64(Self.tolerance)
    }
}
