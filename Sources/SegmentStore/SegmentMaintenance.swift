import Files
import Glibc
import Summaries

/// Seals segments that ended, checks the tables of old index files, and lets retention look. A thread of its own, so that
/// none of it holds up a commit.
final class SegmentMaintenance {
    let context: StoreContext
    let options: StoreOptions
    private let figures: SegmentFigures
    private var policy: RetentionPolicy
    private var nextSweep: UInt64
    private var nextLedger: UInt64 = 0

    init(_ context: StoreContext) {
        self.context = context
        options = context.options
        figures = SegmentFigures(context)
        policy = RetentionPolicy(options: options)
        nextSweep = 0
    }

    private enum Work {
        case seal(Segment)
        case learn(Segment)
        case verify(Segment)
        case sweep(Int)
        case job(MaintenanceJob)
        case ledger
        case close
    }

    func run() {
        var retryAt: UInt64 = 0
        let verifiesFrom = later(by: options.verificationDelay)
        while true {
            let now = options.clock.monotonic()
            let mayRetry = now >= retryAt
            let mayWriteLedger = now >= nextLedger
            var due = mayRetry ? nextSweep : min(nextSweep, retryAt)
            if now < verifiesFrom { due = min(due, verifiesFrom) }
            if !mayWriteLedger { due = min(due, nextLedger) }
            let work: Work? = context.maintenance.wait(atMost: due > now ? due - now : 0) { queue in
                if mayRetry, let segment = queue.ended.first {
                    queue.isBusy = true
                    return .seal(segment)
                }
                if queue.isLedgerStale, mayWriteLedger || queue.isClosing {
                    queue.isLedgerStale = false
                    return .ledger
                }
                if queue.isClosing { return .close }
                if queue.sweepsDone < queue.sweepsAsked { return .sweep(queue.sweepsAsked) }
                if !queue.jobs.isEmpty {
                    queue.isBusy = true
                    return .job(queue.jobs.removeFirst())
                }
                if let segment = queue.unlearned.popLast() {
                    queue.isBusy = true
                    return .learn(segment)
                }
                if now >= verifiesFrom, let segment = queue.unverified.popLast() {
                    queue.isBusy = true
                    return .verify(segment)
                }
                return nil
            }
            switch work {
            case .seal(let segment):
                let sealed = seal(segment)
                // From when it was begun: what is mended meanwhile is tried after no more than the pause.
                if !sealed { retryAt = later(by: options.retryPause, than: now) }
                context.maintenance.update { queue in
                    if sealed { queue.ended.removeAll { $0 === segment } }
                    queue.isBusy = false
                }
            case .learn(let segment):
                if segment.sealedIndex?.learnTraces() == false { verify(segment) }
                segment.sealedIndex?.releasePages()
                context.maintenance.update { $0.isBusy = false }
            case .verify(let segment):
                verify(segment)
                segment.sealedIndex?.releasePages()
                context.maintenance.update { $0.isBusy = false }
            case .sweep(let ticket):
                sweep()
                _ = writeLedgerIfStale()
                context.maintenance.update { $0.sweepsDone = ticket }
            case .ledger:
                let isWritten = writeLedgerIfStale()
                nextLedger = later(by: isWritten ? options.ledgerInterval : options.retryPause)
            case .job(let job):
                run(job)
                context.maintenance.update { $0.isBusy = false }
            case .close:
                let jobs = context.maintenance.withLock { $0.jobs }
                for job in jobs { job.finish(.failure(.closed)) }
                return
            case nil: break
            }
            if options.clock.monotonic() >= nextSweep {
                sweep()
                context.frames.sweep()
                nextSweep = later(by: options.retentionInterval)
            }
        }
    }

    private func later(by pause: Duration, than start: UInt64? = nil) -> UInt64 {
        let start = start ?? options.clock.monotonic()
        let (time, overflow) = start.addingReportingOverflow(pause.clampedNanoseconds)
        return overflow ? .max : time
    }

    private func writeLedgerIfStale() -> Bool {
        guard context.ledger.withLock({ $0.needsWriting }) else { return true }
        return writeLedger()
    }

    /// Makes the ledger durable: complete under another name, then renamed.
    func writeLedger() -> Bool {
        let ledger = context.ledger.withLock { ledger in
            ledger.needsWriting = false
            return ledger
        }
        do {
            try replace(context.directory + "/" + LedgerFile.name, by: LedgerFile.encode(ledger))
            return true
        } catch {
            context.ledger.withLock { $0.needsWriting = true }
            // A failure while closing is told and given up, or the program would not end.
            context.maintenance.update { $0.isLedgerStale = !$0.isClosing }
            context.log(.ledgerNotWritten(path: context.directory + "/" + LedgerFile.name, .storage(error)))
            return false
        }
    }

    /// Writes a file complete under another name, makes it durable, and renames it.
    func replace(_ path: String, by bytes: [UInt8]) throws(StorageFailure) {
        let temporary = path + ".new"
        do throws(StorageFailure) {
            try? options.storage.remove(temporary)
            let file = try options.storage.create(temporary)
            defer { file.close() }
            try file.write(bytes, at: 0)
            if options.sync { try file.synchronize() }
            try options.storage.rename(temporary, to: path)
            if options.sync { try options.storage.synchronizeDirectory(context.directory) }
        } catch {
            try? options.storage.remove(temporary)
            throw error
        }
    }

    /// Writes the index file. True also when there is no need. The ledger goes first: what has an index is counted in it,
    /// so that a start reads no sealed log, and retention takes nothing that is not counted.
    func seal(_ segment: Segment) -> Bool {
        let isHeld = context.segments.withLock { $0.contains { $0 === segment } }
        guard isHeld, segment.indexContent != nil else { return true }
        guard writeLedger() else { return false }
        let figures = figures.summaryAndOutlines(of: segment)
        guard var content = segment.indexContent else { return true }
        content.summary = figures?.summary.encode() ?? []
        content.outlines = figures?.outlines ?? []
        content.spread = figures?.spread ?? []
        do throws(StoreError) {
            do throws(StorageFailure) {
                try replace(segment.indexPath, by: IndexFile.encode(content))
            } catch { throw StoreError.storage(error) }
            let index = try Self.load(segment)
            _ = index.learnTraces()
            note(index)
            segment.becomeSealed(index)
            segment.draft.withLock { $0 = nil }
            return true
        } catch {
            context.log(.sealFailed(path: segment.logPath, error))
            return false
        }
    }

    /// The traces of a segment that is about to be sealed become known; when the filter is full, a larger one is made.
    private func note(_ index: SealedIndex) {
        let isFull = context.sealedTraces.withLock { filter -> Bool in
            guard let room = filter.map({ $0.capacity - $0.count }), room >= index.pairs else { return true }
            return false
        }
        if isFull {
            let sealed = context.segments.withLock { $0 }.compactMap(\.sealedIndex) + [index]
            let count = sealed.reduce(0) { $0 + $1.pairs }
            var fresh = TraceFilter(capacity: max(1 << 16, count * 2))
            for index in sealed { index.forEachTrace { fresh.insert($0) } }
            context.sealedTraces.withLock { $0 = fresh }
        } else {
            // The only one who changes it: taken out, so that nothing is copied.
            var filter = context.sealedTraces.withLock { $0.take() }
            index.forEachTrace { filter?.insert($0) }
            context.sealedTraces.withLock { $0 = filter }
        }
    }

    static func load(_ segment: Segment) throws(StoreError) -> SealedIndex {
        do { return try SealedIndex(path: segment.indexPath, number: segment.number) } catch {
            throw .indexUnusable(path: segment.indexPath)
        }
    }

    /// Microseconds between stretches of tables that are read to be compared with their checksums: so long others have the disk.
    private static let readingPause: UInt32 = 8_000

    /// Compares the tables' checksums; an index with a damaged one is made anew from the log.
    private func verify(_ segment: Segment) {
        let isHeld = context.segments.withLock { $0.contains { $0 === segment } }
        guard isHeld, let index = segment.sealedIndex, !index.areTablesIntact(pause: { usleep(Self.readingPause) })
        else { return }
        context.log(.indexDamaged(path: segment.indexPath, reason: "a table's checksum differs"))
        let scan = LogScan(directory: context.directory, quarantine: context.quarantine, log: context.log)
        guard let scanned = try? scan.scan(number: segment.number, onNew: { _ in }, eachRecord: { _, _ in }) else {
            return
        }
        context.count {
            $0.damagedFrames += scanned.damagedFrames
            $0.quarantinedBytes += scanned.quarantinedBytes
            $0.unindexedRecords += scanned.unindexedRecords
        }
        segment.becomeUnsealed(scanned.index)
        context.account { $0.correct(segment: segment.number, to: scanned.index.summary.held) }
        context.maintenance.update { $0.ended.append(segment) }
    }

    private func sweep() {
        guard options.retention != nil || options.maxBytes != nil else { return }
        options.keeping?.beginRound()
        defer { options.keeping?.endRound() }
        // Each turn but the last thins segments, and one that is thinned is not thinned again before something ends.
        var turns = context.segments.withLock { $0.count } + 1
        while turns > 0, sweepOnce() { turns -= 1 }
    }

    /// True where it has to look again, as it is not known what is left until it is done.
    private func sweepOnce() -> Bool {
        let segments = context.segments.withLock { $0 }
        let candidates = segments.map { segment in
            RetentionPolicy.Candidate(
                number: segment.number, bytes: segment.bytesOnDisk, lastReceivedAt: segment.summary.lastReceivedAt,
                isSealed: segment.isSealed, stage: segment.stage)
        }
        let wall = options.clock.wall()
        let decision = policy.decide(
            candidates, wall: wall, monotonic: options.clock.monotonic(),
            holds: options.keeping?.holds(at: wall) ?? KeepHolds())
        if let seconds = decision.jumpSeconds { context.log(.clockJump(seconds: seconds)) }
        for (number, reason) in decision.expired {
            guard let segment = segments.first(where: { $0.number == number }) else { continue }
            _ = delete(segment, reason.words, counting: \.expired)
        }
        for thinning in decision.thinned {
            guard let segment = segments.first(where: { $0.number == thinning.number }) else { continue }
            thin(segment, thinning, wall: wall)
        }
        return decision.isUnfinished
    }

    /// False where the log cannot be unlinked; that is told.
    func delete(
        _ segment: Segment, _ reason: String, counting figure: WritableKeyPath<StoreStatistics, ItemCounts>
    ) -> Bool {
        let held = segment.summary.held
        do {
            // The log first: a log without an index would come back at the next start, an index without a log is swept up.
            try options.storage.remove(segment.logPath)
        } catch {
            context.log(.deleteFailed(path: segment.logPath, .storage(error)))
            return false
        }
        context.segments.withLock { $0.removeAll { $0 === segment } }
        context.frames.forget(salt: segment.salt)
        context.account { $0.remove(segment: segment.number) }
        try? options.storage.remove(segment.indexPath)
        context.count {
            $0[keyPath: figure] += held
            $0.segmentsDeleted &+= 1
        }
        context.log(.segmentDeleted(path: segment.logPath, reason: reason))
        return true
    }
}
