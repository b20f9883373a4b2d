import WireFormat

/// What the store has counted in its whole life, and which batches it knows. It stands behind one lock, so that its sums
/// agree whenever they are read, and is the logs' content up to `position` plus what no log tells: duplicates, rejections,
/// and what retention removed. The file of `LedgerFile` keeps it; the records behind `position` are counted again from
/// the logs after a crash.
struct StoreLedger: Sendable {
    /// Every record before this place of the logs is counted here. A segment that will not grow counts as `.max` frames.
    var position = RecordPosition.start
    private(set) var stored = ItemCounts()
    private(set) var duplicates = ItemCounts()
    private(set) var deleted = ItemCounts()
    /// The sum of `segments`.
    private(set) var held = ItemCounts()
    /// By segment, for those that are there. One that has gone without a word was deleted.
    private(set) var segments: [UInt32: ItemCounts] = [:]
    /// By segment whose log is being rewritten: the lower half of the new log's salt. Where a start finds that log, what it
    /// holds less was deleted, and not lost.
    private(set) var replacing: [UInt32: UInt32] = [:]
    private(set) var rejected: [String: ItemCounts] = [:]
    var windows: SenderWindows
    /// Something changed that the logs would not tell.
    var needsWriting = false

    static let maxReasons = 64
    static let overflowReason = "other"

    init(windows: SenderWindows) { self.windows = windows }

    /// A ledger as its file remembers it; the caller has checked `segments` and `rejected` against their bounds.
    init(
        position: RecordPosition, stored: ItemCounts, duplicates: ItemCounts, deleted: ItemCounts,
        segments: [UInt32: ItemCounts], replacing: [UInt32: UInt32] = [:], rejected: [String: ItemCounts],
        windows: SenderWindows
    ) {
        self.position = position
        self.stored = stored
        self.duplicates = duplicates
        self.deleted = deleted
        self.segments = segments
        self.replacing = replacing
        self.rejected = rejected
        self.windows = windows
        for counts in segments.values { held += counts }
    }

    /// Items that were stored, are not on the disk, and were not deleted: lost to damage.
    var damaged: ItemCounts { stored.less(held).less(deleted) }

    /// A record became durable in that segment.
    mutating func countStored(_ record: RecordHeader, in segment: UInt32, isNumberKnown: Bool = true) {
        let items = ItemCounts(UInt64(record.items), of: record.kind)
        stored += items
        held += items
        segments[segment, default: ItemCounts()] += items
        guard let sender = record.sender else { return }
        windows.countStored(
            items, from: sender, isNumberKnown ? record.sequence : nil, at: record.receivedAt)
    }

    mutating func countDuplicate(_ record: RecordHeader) {
        let items = ItemCounts(UInt64(record.items), of: record.kind)
        duplicates += items
        needsWriting = true
        guard let sender = record.sender else { return }
        windows.countDuplicate(items, from: sender, at: record.receivedAt)
    }

    mutating func countRejected(_ items: ItemCounts, _ reason: String) {
        let isKnown = rejected[reason] != nil || rejected.count < Self.maxReasons
        rejected[isKnown ? reason : Self.overflowReason, default: ItemCounts()] += items
        needsWriting = true
    }

    /// Retention removed the segment.
    mutating func remove(segment number: UInt32) {
        guard let counts = segments.removeValue(forKey: number) else { return }
        held = held.less(counts)
        deleted += counts
        needsWriting = true
    }

    /// The segment's log is about to be replaced by one with this salt; nil when that will not happen.
    mutating func willReplace(segment number: UInt32, salt: UInt64?) {
        replacing[number] = salt.map { UInt32(truncatingIfNeeded: $0) }
        needsWriting = true
    }

    /// A log that holds less took the place of the segment's, and is there to stay.
    mutating func replaced(segment number: UInt32, holding counts: ItemCounts) {
        let removed = (segments[number] ?? ItemCounts()).less(counts)
        segments[number] = counts
        held = held.less(removed)
        deleted += removed
        replacing[number] = nil
        needsWriting = true
    }

    /// Says what a segment really holds, after its log was read again.
    mutating func correct(segment number: UInt32, to counts: ItemCounts) {
        held = held.less(segments[number] ?? ItemCounts())
        held += counts
        segments[number] = counts
        needsWriting = true
    }

    /// Brings the sums in line with the segments that a start found: what has gone was deleted, what was damaged is less,
    /// and what had been counted as deleted and is there again is held.
    mutating func reconcile(
        found: [UInt32: ItemCounts], replaced: Set<UInt32> = [], gone isGone: (UInt32) -> Bool
    ) {
        for (number, counts) in segments where isGone(number) { deleted += counts }
        for number in replaced {
            deleted += (segments[number] ?? ItemCounts()).less(found[number] ?? ItemCounts())
        }
        if found != segments || !replacing.isEmpty { needsWriting = true }
        replacing = [:]
        segments = found
        held = ItemCounts()
        for counts in found.values { held += counts }
        var all = held
        all += deleted
        let excess = all.less(stored)
        let known = excess.atMost(deleted)
        deleted = deleted.less(known)
        stored += excess.less(known)
    }
}

extension ItemCounts {
    init(_ count: UInt64, of kind: SignalKind) {
        self.init()
        add(count, of: kind)
    }

    /// The difference of each kind, 0 where it would be negative.
    func less(_ other: ItemCounts) -> ItemCounts {
        ItemCounts(
            spans: spans - min(spans, other.spans), points: points - min(points, other.points),
            logs: logs - min(logs, other.logs))
    }

    func atMost(_ other: ItemCounts) -> ItemCounts {
        ItemCounts(spans: min(spans, other.spans), points: min(points, other.points), logs: min(logs, other.logs))
    }
}
