import Spool

/// What a link has to send again. A batch that a collector answers with failures while it takes others must neither keep
/// these from it nor be tried for ever.
struct RetryList {
    /// What became of a batch so far.
    struct Attempts {
        /// Failures that came as answers, from a collector that did not ask for time.
        var answered = 0
        /// Those of them before which other batches had come through since the last.
        var strikes = 0
        /// How many batches had come through when it failed last.
        var passedBefore: UInt64 = 0
        /// The spool could not be read.
        var unreadable = 0

        /// It may be the batch and not the collector.
        var isSuspect: Bool { answered >= 2 }

        /// Of a collector that fails every second request no batch has such bad luck.
        var isHopeless: Bool { answered >= RetryList.mostAnswered && strikes >= RetryList.mostStrikes }
    }

    struct Entry {
        let batch: SpooledBatch
        var attempts: Attempts
    }

    static let mostAnswered = 30
    /// Fewer, as of one lane 64 batches come through beside one that does not, and several of them at a time.
    static let mostStrikes = 12
    static let mostUnreadable = 10

    private var entries: [Entry] = []
    /// Suspects and what was never sent take turns.
    private var isTurnOfSuspects = true

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ entry: Entry) {
        let index = entries.firstIndex { $0.batch.sequence > entry.batch.sequence } ?? entries.count
        entries.insert(entry, at: index)
    }

    /// The oldest that is no suspect, if there is room for it; otherwise the oldest suspect, if its turn has come or
    /// `isNothingElse` could be sent.
    mutating func take(isNothingElse: Bool, where mayBeTaken: (SpooledBatch) -> Bool) -> Entry? {
        if let index = entries.firstIndex(where: { !$0.attempts.isSuspect }) {
            return mayBeTaken(entries[index].batch) ? entries.remove(at: index) : nil
        }
        guard let first = entries.first else { return nil }
        guard isTurnOfSuspects || isNothingElse else {
            isTurnOfSuspects = true
            return nil
        }
        guard mayBeTaken(first.batch) else { return nil }
        isTurnOfSuspects = false
        return entries.removeFirst()
    }
}
