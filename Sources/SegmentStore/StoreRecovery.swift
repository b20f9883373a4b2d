import Files
import Glibc
import TraceModel

/// Brings a directory back to what is durable in it. Damage never refuses the start; only a directory that cannot be
/// read does.
struct StoreRecovery {
    let directory: String
    let options: StoreOptions
    let log: @Sendable (StoreEvent) -> Void

    struct Outcome {
        /// In the order of arrival.
        var segments: [Segment] = []
        /// The last of them, when it can be appended to.
        var open: Segment?
        /// Those that lack an index file and will not grow.
        var unsealed: [Segment] = []
        var nextNumber: UInt32 = 1
        var ledger: StoreLedger
        var recent = RecentTraces()
        var statistics = StoreStatistics()
    }

    func recover() throws(StoreError) -> Outcome {
        let started = options.clock.monotonic()
        let remembered = readLedger()
        var outcome = Outcome(ledger: remembered ?? StoreLedger(windows: SenderWindows(options)))
        outcome.ledger.needsWriting = remembered == nil
        do {
            let numbers = try logNumbers()
            // An index file's snapshot replaces all that was known before it, so only the last one before a log that must
            // be read, or before the end, is taken in; of senders only where the ledger is lost.
            var snapshot: SealedIndex?
            var rebuilt = 0
            for number in numbers {
                if let segment = try sealedSegment(number), isCounted(segment, by: remembered) {
                    outcome.segments.append(segment)
                    snapshot = segment.sealedIndex
                } else {
                    restore(&snapshot, senders: remembered == nil, into: &outcome)
                    rebuilt += 1
                    try rebuild(number, isLast: number == numbers.last, into: &outcome)
                }
            }
            restore(&snapshot, senders: remembered == nil, into: &outcome)
            settle(&outcome, numbers)
            for segment in outcome.unsealed {
                segment.end(
                    senders: Array(outcome.ledger.windows.senders),
                    recent: outcome.recent.newest(RecentTraces.capacity).reversed())
            }
            let elapsed = Int((options.clock.monotonic() &- started) / 1_000_000)
            log(.recovered(segments: outcome.segments.count, rebuilt: rebuilt, milliseconds: elapsed))
            return outcome
        } catch { throw .storage(error) }
    }

    /// Nil where there is none, or none that can be believed: then the items that are held are all that is known.
    private func readLedger() -> StoreLedger? {
        let path = directory + "/" + LedgerFile.name
        do throws(LedgerFile.Refusal) {
            return try LedgerFile.read(path, options: options)
        } catch {
            log(.ledgerUnusable(path: path, reason: error.reason))
            return nil
        }
    }

    /// A segment is sealed after the ledger was written that counts it, so only a foreign or an older ledger does not.
    private func isCounted(_ segment: Segment, by ledger: StoreLedger?) -> Bool {
        guard let ledger else { return true }
        return segment.number < ledger.position.segment
            || segment.number == ledger.position.segment && segment.frameCount <= Int(ledger.position.frame)
    }

    /// Everything found is counted from here on, and numbers go on behind all that were ever counted.
    private func settle(_ outcome: inout Outcome, _ numbers: [UInt32]) {
        let logs = Set(numbers)
        let held = outcome.segments.map { ($0.number, $0.summary.held) }
        let replacing = outcome.ledger.replacing
        let replaced = outcome.segments.filter { replacing[$0.number] == UInt32(truncatingIfNeeded: $0.salt) }
        outcome.ledger.reconcile(
            found: Dictionary(held) { first, _ in first }, replaced: Set(replaced.map(\.number))
        ) { !logs.contains($0) }
        let last = max(numbers.last ?? 0, outcome.ledger.position.segment)
        if let open = outcome.open {
            outcome.ledger.position = RecordPosition(segment: open.number, frame: UInt32(open.frameCount))
        } else {
            outcome.ledger.position = RecordPosition(segment: last, frame: .max)
        }
        outcome.nextNumber = last &+ 1
    }

    private func restore(_ snapshot: inout SealedIndex?, senders: Bool, into outcome: inout Outcome) {
        guard let index = snapshot else { return }
        snapshot = nil
        let content = index.snapshot()
        if senders { outcome.ledger.windows.restore(content.senders) }
        for id in content.recent { outcome.recent.append(id) }
    }

    /// Numbers of the logs that are there. Index files without a log and files that were being written are removed.
    private func logNumbers() throws(StorageFailure) -> [UInt32] {
        var logs: Set<UInt32> = []
        var indexes: [UInt32] = []
        for name in try listDirectory(directory) {
            let stem = name.prefix(while: { $0.isASCII && $0.isNumber })
            // The bound leaves room for the numbers of a long life behind a file with a strange name.
            guard stem.utf8.count >= 8, let number = UInt32(stem), 1...2_000_000_000 ~= number else { continue }
            switch name.dropFirst(stem.count) {
            case ".log": logs.insert(number)
            case ".idx": indexes.append(number)
            case ".idx.new", ".log.new": try? options.storage.remove(directory + "/" + name)
            default: break
            }
        }
        for number in indexes where !logs.contains(number) {
            try? options.storage.remove(Segment.paths(directory, number).index)
        }
        return logs.sorted()
    }

    private func sealedSegment(_ number: UInt32) throws(StorageFailure) -> Segment? {
        let paths = Segment.paths(directory, number)
        let index: SealedIndex
        do throws(SealedIndex.Refusal) {
            index = try SealedIndex(path: paths.index, number: number)
        } catch {
            if case .unusable(let reason) = error { log(.indexDamaged(path: paths.index, reason: reason)) }
            return nil
        }
        if let salt = try saltOfLog(paths.log), salt != index.summary.header.salt {
            // The log was rewritten, and the program ended before its index was.
            log(.indexDamaged(path: paths.index, reason: "it is of the log that stood here before"))
            try? options.storage.remove(paths.index)
            return nil
        }
        var status = stat()
        guard stat(paths.log, &status) == 0, Int(status.st_size) >= index.summary.logEnd else {
            log(.indexDamaged(path: paths.index, reason: "the log is shorter"))
            return nil
        }
        return Segment(sealed: index, directory: directory)
    }

    /// Nil where the log's first bytes are damaged: then its index is believed.
    private func saltOfLog(_ path: String) throws(StorageFailure) -> UInt64? {
        let file = try ReadFile(path)
        var head: [UInt8] = []
        try file.read(SegmentHeader.length, at: 0, into: &head)
        return SegmentHeader(head)?.salt
    }

    private func rebuild(_ number: UInt32, isLast: Bool, into outcome: inout Outcome) throws(StorageFailure) {
        let quarantine = Quarantine(
            directory: directory + "/quarantine", maxBytes: options.maxQuarantineBytes, storage: options.storage)
        let scan = LogScan(directory: directory, quarantine: quarantine, log: log)
        let path = Segment.paths(directory, number).log
        let isDurable = isSynchronized(path)
        // Two accesses to the outcome at once are not allowed, so its parts leave it while the log is read.
        let counted = outcome.ledger.position
        var ledger = outcome.ledger
        var recent = outcome.recent
        let scanned = try scan.scan(number: number) {
            recent.append($0)
        } eachRecord: { record, frame in
            guard RecordPosition(segment: number, frame: frame) >= counted else { return }
            ledger.countStored(record, in: number, isNumberKnown: isDurable)
        }
        outcome.ledger = ledger
        outcome.recent = recent
        guard let scanned else {
            dropUnreadable(path, number, quarantine, &outcome)
            return
        }
        outcome.statistics.damagedFrames += scanned.damagedFrames
        outcome.statistics.quarantinedBytes += scanned.quarantinedBytes
        outcome.statistics.unindexedRecords += scanned.unindexedRecords
        let segment = Segment(growing: scanned.index, directory: directory)
        let end = scanned.index.summary.logEnd
        if scanned.index.frames.isEmpty,
            !scanned.hasTornEnd || scanned.quarantinedBytes > 0 || scanned.damagedFrames == 0
        {
            try? options.storage.remove(path)
            return
        }
        outcome.segments.append(segment)
        // Where frames that were counted are missing, those that would take their places would not be counted.
        let isShort = counted.segment == number && Int(counted.frame) > segment.frameCount && counted.frame != .max
        if isLast, isDurable, !isShort, !scanned.isDamagedInside, end < options.largeLogBytes,
            isClean(path, scanned, end: end)
        {
            outcome.open = segment
        } else {
            outcome.unsealed.append(segment)
        }
    }

    /// Makes sure that what will be read from the log is on the disk: a process that was killed between write and fdatasync
    /// leaves it in memory alone. Numbers may count as stored only then, as their next copy is acknowledged unread.
    private func isSynchronized(_ path: String) -> Bool {
        guard options.sync else { return true }
        do throws(StorageFailure) {
            let file = try options.storage.openForWriting(path)
            defer { file.close() }
            try file.synchronize()
            return true
        } catch {
            log(.writeFailed(.storage(error)))
            return false
        }
    }

    /// Makes the log end with its last good frame.
    private func isClean(_ path: String, _ scanned: LogScan.Result, end: Int) -> Bool {
        guard scanned.hasTornEnd else { return true }
        guard scanned.damagedFrames == 0 || scanned.quarantinedBytes > 0 else { return false }
        do {
            let file = try options.storage.openForWriting(path)
            defer { file.close() }
            try file.truncate(to: end)
            log(.truncated(path: path, from: scanned.fileLength, to: end))
            if options.sync { try file.synchronize() }
            return true
        } catch { return false }
    }

    private func dropUnreadable(
        _ path: String, _ number: UInt32, _ quarantine: Quarantine, _ outcome: inout Outcome
    ) {
        var status = stat()
        let size = stat(path, &status) == 0 ? Int(status.st_size) : 0
        if size <= SegmentHeader.length {
            // A crash while the segment was begun: nothing was in it.
            try? options.storage.remove(path)
            return
        }
        let kept = quarantine.take(path, number: number)
        outcome.statistics.damagedFrames += 1
        if kept != nil { outcome.statistics.quarantinedBytes += UInt64(size) }
        log(.damaged(path: path, offset: 0, length: size, keptAs: kept))
    }
}
