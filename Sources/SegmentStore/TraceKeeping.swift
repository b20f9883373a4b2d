package import TraceModel

/// Says which traces stay when retention takes the rest of a segment. The store's thread that deletes asks.
package protocol TraceKeeping: Sendable {
    /// What is held at that moment.
    func holds(at wall: UInt64) -> KeepHolds
    /// The traces with spans in `view` that stay: of rules, those that hold longer than `age`; and what is held besides.
    /// Throws where that cannot be said; then everything stays.
    func keptTraces(in view: SegmentView, age: UInt64, wall: UInt64, _ reader: StoreReader) throws -> Set<TraceID>
    /// Before and after the questions of one round: what was found for one of them may be used for the next.
    func beginRound()
    func endRound()
}

/// What is held, without its traces. A value.
package struct KeepHolds: Sendable, Equatable {
    /// How long rules hold from a segment's last arrival, in nanoseconds.
    package var lengths: [UInt64]
    /// Whether single traces are held besides.
    package var hasPins: Bool
    /// How many of those ended so far.
    package var pinsEnded: UInt64

    package init(lengths: [UInt64] = [], hasPins: Bool = false, pinsEnded: UInt64 = 0) {
        self.lengths = lengths.sorted()
        self.hasPins = hasPins
        self.pinsEnded = pinsEnded
    }

    func isHolding(age: UInt64) -> Bool { hasPins || lengths.contains { $0 >= age } }

    /// Changes when something ends that may have held traces of a segment of that age.
    func stage(age: UInt64) -> KeepStage {
        KeepStage(rulesEnded: lengths.count { $0 < age }, pinsEnded: pinsEnded)
    }
}

/// How far the holds on a segment had ended when it was last looked at.
struct KeepStage: Sendable, Equatable {
    var rulesEnded: Int
    var pinsEnded: UInt64
}
