/// Which batches of which senders are stored. Bounded in senders and in ranges for each; the senders not heard of for
/// longest are forgotten first.
struct SenderWindows: Sendable {
    struct Window: Sendable, Equatable {
        var numbers = SequenceRanges()
        /// Unix nanoseconds of the newest arrival.
        var lastSeen: UInt64 = 0
    }
    private(set) var senders: [SenderID: Window] = [:]
    private let maxSenders: Int
    private let maxRanges: Int

    init(maxSenders: Int, maxRanges: Int) {
        self.maxSenders = max(1, maxSenders)
        self.maxRanges = max(1, maxRanges)
    }

    func contains(_ sender: SenderID, _ sequence: UInt64) -> Bool {
        senders[sender]?.numbers.contains(sequence) ?? false
    }

    mutating func insert(_ sender: SenderID, _ sequence: UInt64, at time: UInt64) {
        if senders[sender] == nil, senders.count >= maxSenders { forgetOldest() }
        senders[sender, default: Window()].note(sequence, at: time, maxRanges: maxRanges)
    }

    /// Replaces everything by what an index file remembered.
    mutating func restore(_ snapshot: [(SenderID, Window)]) {
        senders.removeAll(keepingCapacity: true)
        for (sender, window) in snapshot.prefix(maxSenders) { senders[sender] = window }
    }

    /// An eighth at a time, so that a flood of new senders pays for the search rarely.
    private mutating func forgetOldest() {
        let times = senders.values.map(\.lastSeen).sorted()
        let limit = times[max(1, times.count / 8) - 1]
        senders = senders.filter { $0.value.lastSeen > limit }
    }
}

extension SenderWindows.Window {
    fileprivate mutating func note(_ sequence: UInt64, at time: UInt64, maxRanges: Int) {
        numbers.insert(sequence, maxRanges: maxRanges)
        lastSeen = max(lastSeen, time)
    }
}
