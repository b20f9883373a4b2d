/// What `StoreInspection.check` found.
package struct StoreCheck: Sendable {
    package struct Segment: Sendable, Equatable {
        package enum State: String, Sendable {
            /// Without an index, the last: it grows, or will go on growing at the next start.
            case open
            /// Without an index, not the last: it is sealed soon, or at the next start.
            case ended
            case sealed
            /// Its log was deleted between listing and reading: retention of a running collector.
            case deleted
        }
        package var number: UInt32
        package var state: State
        /// Those that are whole.
        package var frames = 0
        package var records = 0
        package var held = ItemCounts()
        package var logBytes = 0
        package var indexBytes = 0
        /// Unix nanoseconds; nil where no record is left.
        package var firstReceivedAt: UInt64?
        package var lastReceivedAt: UInt64?
        /// Bytes behind the last whole frame of a log that was not sealed: a commit that never ended, or one under way.
        package var tornBytes = 0
        /// Bytes before the segment's end that are no frame. What of them no damage names was set aside before the index was
        /// written.
        package var strangeBytes = 0
        package var damages: [StoreDamage] = []
        var salt: UInt64?

        init(number: UInt32, state: State) {
            self.number = number
            self.state = state
        }
    }

    /// By number.
    package var segments: [Segment] = []
    /// Of the ledger.
    package var ledgerDamages: [StoreDamage] = []
    /// What a start makes anew or sweeps up by itself; no damage.
    package var notes: [String] = []
    package var unknownFiles: [String] = []
    /// The process that has the store open, 0 where it did not say which; nil where none has.
    package var holder: Int32?

    package init() {}

    /// In the order of the segments, and in each by place; the ledger's last.
    package var damages: [StoreDamage] { segments.flatMap(\.damages) + ledgerDamages }
}
