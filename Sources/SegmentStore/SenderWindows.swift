/// Which batches of which senders are stored, and how many items came from each. Bounded in senders, in ranges of numbers
/// for each, and in ranges of all together.
///
/// What must go goes in the order in which it is missed least: of senders first those of which a single batch is known
/// (so that a flood of invented ids drives out itself), then those not heard of for longest; of ranges the lowest of the
/// sender that has most. A sender with dense numbers has a range for each hole that is still open, so it is far from
/// every bound. A number forgotten would be stored again, which loses nothing.
struct SenderWindows: Sendable {
    struct Window: Sendable, Equatable {
        var numbers = SequenceRanges()
        /// Unix nanoseconds of the newest arrival.
        var lastSeen: UInt64 = 0
        var stored = ItemCounts()
        var duplicates = ItemCounts()
    }
    private(set) var senders: [SenderID: Window] = [:]
    private(set) var rangeCount = 0
    private let maxSenders: Int
    private let maxRanges: Int
    private let maxRangesInAll: Int

    init(maxSenders: Int, maxRanges: Int, maxRangesInAll: Int = .max) {
        self.maxSenders = max(1, maxSenders)
        self.maxRanges = max(1, maxRanges)
        self.maxRangesInAll = max(1, maxRangesInAll)
    }

    init(_ options: StoreOptions) {
        self.init(
            maxSenders: options.maxSenders, maxRanges: options.maxRangesPerSender,
            maxRangesInAll: options.maxRangesInAll)
    }

    func contains(_ sender: SenderID, _ sequence: UInt64) -> Bool {
        senders[sender]?.numbers.contains(sequence) ?? false
    }

    /// - Parameter sequence: nil where the batch is counted but must be taken again when it comes again.
    mutating func countStored(_ items: ItemCounts, from sender: SenderID, _ sequence: UInt64?, at time: UInt64) {
        if senders[sender] == nil, senders.count >= maxSenders { forgetSenders() }
        let change = senders[sender, default: Window()].note(sequence, items, at: time, maxRanges: maxRanges)
        rangeCount += change
        if change > 0, rangeCount > maxRangesInAll { forgetRanges() }
    }

    /// A duplicate's sender is known, or the batch would be none.
    mutating func countDuplicate(_ items: ItemCounts, from sender: SenderID, at time: UInt64) {
        guard let index = senders.index(forKey: sender) else { return }
        senders.values[index].duplicates += items
        senders.values[index].lastSeen = max(senders.values[index].lastSeen, time)
    }

    /// Replaces everything by what a file remembered.
    mutating func restore(_ snapshot: [(SenderID, Window)]) {
        senders.removeAll(keepingCapacity: true)
        for (sender, window) in snapshot.prefix(maxSenders) { senders[sender] = window }
        rangeCount = senders.values.reduce(0) { $0 + $1.numbers.ranges.count }
        while rangeCount > maxRangesInAll { forgetRanges() }
    }

    /// An eighth at a time, so that a flood of new senders pays for the search rarely.
    private mutating func forgetSenders() {
        let order = senders.sorted { left, right in
            let (leftBrief, rightBrief) = (left.value.numbers.isSingle, right.value.numbers.isSingle)
            return leftBrief != rightBrief ? leftBrief : left.value.lastSeen < right.value.lastSeen
        }
        for (sender, window) in order.prefix(max(1, order.count / 8)) {
            senders[sender] = nil
            rangeCount -= window.numbers.ranges.count
        }
    }

    /// Half of the ranges of the sender that has most, for the same reason.
    private mutating func forgetRanges() {
        guard let (sender, window) = senders.max(by: { $0.value.numbers.ranges.count < $1.value.numbers.ranges.count })
        else { return }
        let count = window.numbers.ranges.count
        let forgotten = count > 1 ? count / 2 : 1
        senders[sender]?.numbers.forgetLowest(forgotten)
        rangeCount -= forgotten
    }
}

extension SenderWindows.Window {
    /// By how many the ranges became more.
    fileprivate mutating func note(_ sequence: UInt64?, _ items: ItemCounts, at time: UInt64, maxRanges: Int) -> Int {
        let before = numbers.ranges.count
        if let sequence { numbers.insert(sequence, maxRanges: maxRanges) }
        stored += items
        lastSeen = max(lastSeen, time)
        return numbers.ranges.count - before
    }
}
