import Files

/// Seals segments that ended, checks the tables of old index files, and lets retention look. A thread of its own, so that
/// none of it holds up a commit.
final class SegmentMaintenance {
    private let context: StoreContext
    private let options: StoreOptions
    private var policy: RetentionPolicy
    private var nextSweep: UInt64

    init(_ context: StoreContext) {
        self.context = context
        options = context.options
        policy = RetentionPolicy(options: options)
        nextSweep = 0
    }

    private enum Work {
        case seal(Segment)
        case verify(Segment)
        case sweep(Int)
        case close
    }

    func run() {
        var retryAt: UInt64 = 0
        while true {
            let now = options.clock.monotonic()
            let mayRetry = now >= retryAt
            let due = mayRetry ? nextSweep : min(nextSweep, retryAt)
            let work: Work? = context.maintenance.wait(atMost: due > now ? due - now : 0) { queue in
                if mayRetry, let segment = queue.ended.first {
                    queue.isBusy = true
                    return .seal(segment)
                }
                if queue.isClosing { return .close }
                if queue.sweepsDone < queue.sweepsAsked { return .sweep(queue.sweepsAsked) }
                if let segment = queue.unverified.popLast() {
                    queue.isBusy = true
                    return .verify(segment)
                }
                return nil
            }
            switch work {
            case .seal(let segment):
                let sealed = seal(segment)
                if !sealed { retryAt = pause() }
                context.maintenance.update { queue in
                    if sealed { queue.ended.removeAll { $0 === segment } }
                    queue.isBusy = false
                }
            case .verify(let segment):
                verify(segment)
                context.maintenance.update { $0.isBusy = false }
            case .sweep(let ticket):
                sweep()
                context.maintenance.update { $0.sweepsDone = ticket }
            case .close: return
            case nil: break
            }
            if options.clock.monotonic() >= nextSweep {
                sweep()
                let (next, overflow) = options.clock.monotonic().addingReportingOverflow(
                    options.retentionInterval.clampedNanoseconds)
                nextSweep = overflow ? .max : next
            }
        }
    }

    private func pause() -> UInt64 {
        let (time, overflow) = options.clock.monotonic().addingReportingOverflow(
            options.retryPause.clampedNanoseconds)
        return overflow ? .max : time
    }

    /// Writes the index file: complete under another name, on the disk, then renamed. True also when there is no need.
    private func seal(_ segment: Segment) -> Bool {
        let isHeld = context.segments.withLock { $0.contains { $0 === segment } }
        guard isHeld, let content = segment.indexContent else { return true }
        let temporary = segment.indexPath + ".new"
        do throws(StoreError) {
            do throws(StorageFailure) {
                try? options.storage.remove(temporary)
                let file = try options.storage.create(temporary)
                defer { file.close() }
                try file.write(IndexFile.encode(content), at: 0)
                if options.sync { try file.synchronize() }
                try options.storage.rename(temporary, to: segment.indexPath)
                if options.sync { try options.storage.synchronizeDirectory(context.directory) }
            } catch { throw StoreError.storage(error) }
            segment.becomeSealed(try Self.load(segment))
            return true
        } catch {
            try? options.storage.remove(temporary)
            context.log(.sealFailed(path: segment.logPath, error))
            return false
        }
    }

    private static func load(_ segment: Segment) throws(StoreError) -> SealedIndex {
        do { return try SealedIndex(path: segment.indexPath, number: segment.number) } catch {
            throw .indexUnusable(path: segment.indexPath)
        }
    }

    /// Compares a table's checksum; a damaged table is made anew from the log.
    private func verify(_ segment: Segment) {
        guard let index = segment.sealedIndex, !index.isTableIntact() else { return }
        context.log(.indexDamaged(path: segment.indexPath, reason: "the trace table's checksum differs"))
        let scan = LogScan(directory: context.directory, quarantine: context.quarantine, log: context.log)
        guard let scanned = try? scan.scan(number: segment.number, onNew: { _ in }, eachRecord: { _ in }) else {
            return
        }
        context.count {
            $0.damagedFrames += scanned.damagedFrames
            $0.quarantinedBytes += scanned.quarantinedBytes
            $0.unindexedRecords += scanned.unindexedRecords
        }
        segment.becomeUnsealed(scanned.index)
        context.maintenance.update { $0.ended.append(segment) }
    }

    private func sweep() {
        guard options.retention != nil || options.maxBytes != nil else { return }
        let segments = context.segments.withLock { $0 }
        let candidates = segments.map { segment in
            RetentionPolicy.Candidate(
                number: segment.number, bytes: segment.bytesOnDisk, lastReceivedAt: segment.summary.lastReceivedAt,
                isSealed: segment.isSealed)
        }
        let decision = policy.decide(candidates, wall: options.clock.wall(), monotonic: options.clock.monotonic())
        if let seconds = decision.jumpSeconds { context.log(.clockJump(seconds: seconds)) }
        for (number, reason) in decision.expired {
            guard let segment = segments.first(where: { $0.number == number }) else { continue }
            delete(segment, reason)
        }
    }

    private func delete(_ segment: Segment, _ reason: RetentionPolicy.Reason) {
        let held = segment.summary.held
        do {
            // The log first: a log without an index would come back at the next start, an index without a log is swept up.
            try options.storage.remove(segment.logPath)
        } catch {
            context.log(.deleteFailed(path: segment.logPath, .storage(error)))
            return
        }
        context.segments.withLock { $0.removeAll { $0 === segment } }
        try? options.storage.remove(segment.indexPath)
        context.count {
            $0.expired += held
            $0.segmentsDeleted &+= 1
        }
        context.log(
            .segmentDeleted(
                path: segment.logPath, reason: reason == .age ? "older than the retention" : "over the size bound"))
    }
}
