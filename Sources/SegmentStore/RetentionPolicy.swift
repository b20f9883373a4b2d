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
        /// How far the holds on it had ended when it was last thinned; nil while it is whole.
        var stage: KeepStage?
    }
    enum Reason: Sendable, Equatable { case age, size }
    struct Thinning: Sendable, Equatable {
        var number: UInt32
        var reason: Reason
        var age: UInt64
        var stage: KeepStage
    }
    struct Decision: Sendable {
        var expired: [(number: UInt32, reason: Reason)] = []
        /// Of these only what is held stays.
        var thinned: [Thinning] = []
        /// How much that gives back is not known before it is done, and neither is whether more has to go.
        var isUnfinished = false
        /// Set once for each jump: how far.
        var jumpSeconds: Int?
    }

    init(options: StoreOptions) {
        retention = options.retention?.clampedNanoseconds
        maxBytes = options.maxBytes
        confirmation = options.clockConfirmation.clampedNanoseconds
    }

    /// `segments` come oldest first. What is not held goes before what is held, whatever its age.
    mutating func decide(
        _ segments: [Candidate], wall: UInt64, monotonic: UInt64, holds: KeepHolds = KeepHolds()
    ) -> Decision {
        var decision = Decision()
        let now = believedTime(wall: wall, monotonic: monotonic, &decision)
        var left: [(candidate: Candidate, age: UInt64)] = []
        var bytes = segments.reduce(0) { $0 + $1.bytes }
        for segment in segments where segment.isSealed {
            let age = now.map { $0 > segment.lastReceivedAt ? $0 - segment.lastReceivedAt : 0 } ?? 0
            guard let retention, age > retention else {
                left.append((segment, age))
                continue
            }
            if !holds.isHolding(age: age) {
                decision.expired.append((segment.number, .age))
                bytes -= segment.bytes
                continue
            }
            left.append((segment, age))
            if let thinning = thinning(segment, age, holds, .age) { decision.thinned.append(thinning) }
        }
        if let maxBytes, bytes > maxBytes { shrink(left, bytes - maxBytes, holds, &decision) }
        return decision
    }

    private func shrink(
        _ segments: [(candidate: Candidate, age: UInt64)], _ excess: Int, _ holds: KeepHolds,
        _ decision: inout Decision
    ) {
        guard decision.thinned.isEmpty else {
            decision.isUnfinished = true
            return
        }
        var excess = excess
        var held: [Candidate] = []
        for (segment, age) in segments where excess > 0 {
            if !holds.isHolding(age: age) {
                decision.expired.append((segment.number, .size))
                excess -= segment.bytes
            } else if let thinning = thinning(segment, age, holds, .size) {
                decision.thinned.append(thinning)
                decision.isUnfinished = true
                return
            } else {
                held.append(segment)
            }
        }
        // Nothing is left that is not held, and the bound is hard.
        for segment in held where excess > 0 {
            decision.expired.append((segment.number, .size))
            excess -= segment.bytes
        }
    }

    private func thinning(_ segment: Candidate, _ age: UInt64, _ holds: KeepHolds, _ reason: Reason) -> Thinning? {
        let stage = holds.stage(age: age)
        return segment.stage == stage ? nil : Thinning(number: segment.number, reason: reason, age: age, stage: stage)
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
