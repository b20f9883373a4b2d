import Compression
import Files
import Glibc
import TraceModel
import WireFormat

/// Turns what is queued into commits, one after the other: frames, one write, one fdatasync, index, callbacks.
/// Runs on a thread of its own and owns the open log.
final class CommitWriter {
    private let context: StoreContext
    private let options: StoreOptions
    private var open: OpenLog?
    private var nextNumber: UInt32
    private var builder: FrameBuilder
    /// Set while the disk refuses.
    private var trouble: (error: StoreError, retryAt: UInt64)?

    /// Where each record of the commit goes.
    private enum Place {
        case frame(UInt32)
        case duplicate
        /// The same batch stands earlier in this commit, and shares its fate.
        case duplicateInCommit
        case refused(StoreError)
    }
    private var places: [Place] = []
    private var numbersInCommit: Set<BatchNumber> = []
    private struct BatchNumber: Hashable {
        var sender: SenderID
        var sequence: UInt64
    }

    init(_ context: StoreContext, recovered: consuming StoreRecovery.Outcome) {
        self.context = context
        options = context.options
        nextNumber = recovered.nextNumber
        builder = FrameBuilder(frameBytes: options.frameBytes, level: options.compressionLevel)
        if let segment = recovered.open { resume(segment) }
    }

    /// Until the queue is closed and empty.
    func run() {
        var batch: [SubmitQueue.Submission] = []
        // Monotonic nanoseconds from which on a small commit may begin. Of the real clock, as threads wait by that.
        var mayBegin: UInt64 = 0
        let pause = options.commitPause.clampedNanoseconds
        // Where the last commit was of one record, the next finds no company either.
        var hadCompany = false
        while true {
            enum Work { case batch, roll(Int), gather(UInt64), close }
            let work: Work? = context.queue.wait(atMost: timeToNextTick) { queue in
                // Before what waits, or a busy store would never come to it.
                if queue.rollsBegun < queue.rollsAsked {
                    queue.rollsBegun = queue.rollsAsked
                    return .roll(queue.rollsAsked)
                }
                queue.isHeldBack = queue.isBehind
                if queue.isHeldBack { return nil }
                let now = StoreClock.read(CLOCK_MONOTONIC)
                queue.isGathering = hadCompany && now < mayBegin && !queue.isUrgent(options.frameBytes)
                if queue.isGathering { return .gather(mayBegin - now) }
                if !queue.waiting.isEmpty {
                    mayBegin = now + pause
                    queue.take(upTo: options.commitBytes, into: &batch)
                    queue.isWriting = true
                    return .batch
                }
                return queue.isClosing ? .close : nil
            }
            switch work {
            case .batch:
                commit(batch)
                if let open, isFull(open) { roll() }
                let count = batch.count
                hadCompany = count > 1
                batch.removeAll(keepingCapacity: count <= 4096)
                context.queue.update { $0.isWriting = false }
            case .gather(let time):
                _ = context.queue.wait(atMost: time) { $0.isUrgent(options.frameBytes) ? true : nil }
            case .roll(let ticket):
                if let open, open.nextOrdinal > 0 { roll() }
                context.describing.update { $0.jobs.append(.rolled(ticket)) }
            case .close:
                close()
                return
            case nil: break
            }
            tick()
        }
    }

    private var timeToNextTick: UInt64? {
        let now = options.clock.monotonic()
        if let trouble { return trouble.retryAt > now ? trouble.retryAt - now : 0 }
        guard let open, open.nextOrdinal > 0 else { return nil }
        let (age, allowed) = (now &- open.begun, options.segmentAge.clampedNanoseconds)
        return allowed > age ? allowed - age : 0
    }

    /// What is due whether or not records come.
    private func tick() {
        let now = options.clock.monotonic()
        if let trouble, now >= trouble.retryAt { begin() }
        if let open, open.nextOrdinal > 0, now &- open.begun >= options.segmentAge.clampedNanoseconds { roll() }
    }

    private func isFull(_ log: OpenLog) -> Bool {
        guard log.end < options.segmentBytes else { return true }
        let size = log.segment.indexSize
        return size.pairs >= options.maxIndexedTraces || size.tokens >= options.maxIndexedTokens
            || size.spans >= options.maxIndexedSpans
    }

    private func commit(_ batch: [SubmitQueue.Submission]) {
        if open == nil, trouble.map({ options.clock.monotonic() >= $0.retryAt }) ?? true { begin() }
        if let trouble {
            return refuse(batch, trouble.error)
        }
        do {
            try build(batch)
            try writeFrames()
        } catch {
            if case .storage = error { abandon(error) }
            return refuse(batch, error)
        }
        enter(batch)
        // Before the answer: figures that are asked for after it wait for what stands in the queue.
        describe(batch, in: builder.frames.isEmpty ? nil : open?.segment)
        answer(batch)
    }

    private func refuse(_ batch: [SubmitQueue.Submission], _ error: StoreError) {
        answer(batch, failingWith: error)
        describe(batch, in: nil)
    }

    private func build(_ batch: [SubmitQueue.Submission]) throws(StoreError) {
        guard let open else { throw .closed }
        places.removeAll(keepingCapacity: true)
        numbersInCommit.removeAll(keepingCapacity: true)
        builder.begin(
            salt: open.segment.salt, ordinal: open.nextOrdinal, fileOffset: open.end,
            content: batch.reduce(0) { $0 + $1.record.body.count + RecordHeader.length })
        do {
            for submission in batch { places.append(try place(submission.record)) }
            try builder.finish()
        } catch {
            places = batch.map { _ in .refused(.compression(error.description)) }
            throw .compression(error.description)
        }
    }

    private func place(_ record: borrowing IngestRecord) throws(CompressionError) -> Place {
        guard record.body.count <= options.maxRecordBytes else {
            return .refused(.recordTooLarge(bytes: record.body.count, limit: options.maxRecordBytes))
        }
        if let sender = record.sender {
            let sequence = record.sequence
            if context.ledger.withLock({ $0.windows.contains(sender, sequence) }) { return .duplicate }
            if !numbersInCommit.insert(BatchNumber(sender: sender, sequence: record.sequence)).inserted {
                return .duplicateInCommit
            }
        }
        return .frame(try builder.append(record))
    }

    private func writeFrames() throws(StoreError) {
        guard !builder.frames.isEmpty, var log = open else { return }
        let end = log.end + builder.bytes.count
        log.reserve(through: end, step: min(options.segmentBytes, 8 << 20))
        open = log
        do {
            try log.file.write(builder.bytes, at: log.end)
            if options.sync { try synchronize(log.file) }
        } catch { throw .storage(error) }
    }

    private func synchronize(_ file: any StorageFile) throws(StorageFailure) {
        let started = options.clock.monotonic()
        try file.synchronize()
        let elapsed = options.clock.monotonic() &- started
        context.count { figures in
            figures.syncs &+= 1
            figures.syncNanoseconds &+= elapsed
            figures.slowestSyncNanoseconds = max(figures.slowestSyncNanoseconds, elapsed)
        }
    }

    /// The commit is durable: makes it visible.
    private func enter(_ batch: [SubmitQueue.Submission]) {
        guard var log = open, !builder.frames.isEmpty else { return }
        log.end += builder.bytes.count
        log.nextOrdinal += UInt32(builder.frames.count)
        open = log
        var fresh: [TraceID] = []
        log.segment.grow { index in
            for (frame, header) in zip(builder.frames, builder.headers) { index.append(frame, header) }
            for (submission, place) in zip(batch, places) {
                guard case .frame(let frame) = place else { continue }
                index.insert(
                    submission.record.kind, runs: submission.record.runs, services: submission.record.services,
                    at: submission.record.receivedAt, frame: frame
                ) { fresh.append($0) }
            }
        }
        context.account { ledger in
            for (submission, place) in zip(batch, places) {
                if case .frame = place { ledger.countStored(RecordHeader(submission.record), in: log.segment.number) }
            }
            ledger.position = RecordPosition(segment: log.segment.number, frame: log.nextOrdinal)
        }
        context.figures.withLock { figures in
            figures.recent.append(contentsOf: fresh)
            figures.statistics.commits &+= 1
            figures.statistics.frames &+= UInt64(builder.frames.count)
        }
    }

    /// Hands the commit over to be described. Nobody waits for it: whoever searches meanwhile reads these frames whole.
    private func describe(_ batch: [SubmitQueue.Submission], in segment: Segment?) {
        var commit = DescribeLoop.Commit(
            segment: segment, records: batch.count, bytes: batch.reduce(0) { $0 + $1.record.queueBytes })
        if segment != nil {
            let first = builder.headers[0].ordinal
            commit.frames = Array(repeating: [], count: builder.headers.count)
            for (submission, place) in zip(batch, places) {
                guard case .frame(let frame) = place, submission.record.kind == .traces else { continue }
                commit.frames[Int(frame - first)].append(submission.record.body)
            }
        }
        context.describing.update { $0.jobs.append(.commit(commit)) }
    }

    private func answer(_ batch: [SubmitQueue.Submission]) {
        context.account { ledger in
            for (submission, place) in zip(batch, places) {
                switch place {
                case .duplicate, .duplicateInCommit: ledger.countDuplicate(RecordHeader(submission.record))
                case .frame, .refused: break
                }
            }
        }
        context.count { figures in
            for (submission, place) in zip(batch, places) {
                let record = submission.record
                switch place {
                case .frame:
                    figures.stored.add(UInt64(record.items), of: record.kind)
                    figures.records &+= 1
                case .duplicate, .duplicateInCommit: figures.duplicates.add(UInt64(record.items), of: record.kind)
                case .refused: figures.failed.add(UInt64(record.items), of: record.kind)
                }
            }
        }
        for (submission, place) in zip(batch, places) {
            switch place {
            case .frame: submission.whenDurable(.success(.stored))
            case .duplicate, .duplicateInCommit: submission.whenDurable(.success(.duplicate))
            case .refused(let error): submission.whenDurable(.failure(error))
            }
        }
    }

    /// Batches that are stored already are still acknowledged: nothing has to be written for them.
    private func answer(_ batch: [SubmitQueue.Submission], failingWith error: StoreError) {
        places.removeAll(keepingCapacity: true)
        for submission in batch {
            let record = submission.record
            let isStored = context.ledger.withLock { ledger in
                record.sender.map { ledger.windows.contains($0, record.sequence) } ?? false
            }
            places.append(isStored ? .duplicate : .refused(error))
        }
        answer(batch)
    }

    // MARK: - Segments

    private func begin() {
        let number = nextNumber
        let header = SegmentHeader(
            number: number, salt: UInt64.random(in: .min ... .max),
            created: UInt32(clamping: options.clock.wall() / 1_000_000_000))
        let path = Segment.paths(context.directory, number).log
        do throws(StorageFailure) {
            // Whatever comes of it, the number is used up: a file that could not be removed may bear it.
            nextNumber += 1
            let file = try options.storage.create(path)
            do throws(StorageFailure) {
                try file.write(header.bytes, at: 0)
                if options.sync {
                    try synchronize(file)
                    try options.storage.synchronizeDirectory(context.directory)
                }
            } catch {
                file.close()
                try? options.storage.remove(path)
                throw error
            }
            let segment = Segment(growing: SegmentIndex(header: header), directory: context.directory)
            open = OpenLog(
                segment: segment, file: file, end: SegmentHeader.length, nextOrdinal: 0,
                begun: options.clock.monotonic())
            context.segments.withLock { $0.append(segment) }
            if trouble != nil { context.log(.writingAgain(path: path)) }
            trouble = nil
            context.count { $0.isReady = true }
        } catch { fail(.storage(error)) }
    }

    private func resume(_ segment: Segment) {
        do {
            let file = try options.storage.openForWriting(segment.logPath)
            open = OpenLog(
                segment: segment, file: file, end: segment.summary.logEnd, nextOrdinal: UInt32(segment.frameCount),
                begun: options.clock.monotonic())
        } catch { handOver(segment) }
    }

    /// Ends the open segment; the next commit begins another, so that nobody waits for the seal.
    private func roll() {
        guard let log = open else { return }
        open = nil
        // Gives back the blocks reserved behind the end; keeping them would do no harm.
        try? log.file.truncate(to: log.end)
        log.file.close()
        handOver(log.segment)
    }

    /// After a failed write or fdatasync nothing is known of what was written behind the last durable frame, and a second
    /// fdatasync that succeeds would prove nothing. So the segment ends where it was last durable.
    private func abandon(_ error: StoreError) {
        guard let log = open else { return }
        open = nil
        try? log.file.truncate(to: log.end)
        log.file.close()
        if log.nextOrdinal > 0 {
            handOver(log.segment)
        } else {
            context.segments.withLock { $0.removeAll { $0 === log.segment } }
            try? options.storage.remove(log.segment.logPath)
        }
        fail(error)
    }

    private func fail(_ error: StoreError) {
        if trouble == nil { context.log(.writeFailed(error)) }
        let (retryAt, overflow) = options.clock.monotonic().addingReportingOverflow(
            options.retryPause.clampedNanoseconds)
        trouble = (error, overflow ? .max : retryAt)
        context.count {
            $0.isReady = false
            $0.lastError = error
        }
    }

    private func handOver(_ segment: Segment) {
        let recent = context.figures.withLock { $0.recent.newest(RecentTraces.capacity) }
        let senders = context.ledger.withLock { $0.windows }.senders
        segment.end(senders: Array(senders), recent: recent.reversed())
        context.describing.update { $0.jobs.append(.end(segment)) }
    }

    private func close() {
        guard let log = open else { return }
        // A large log is sealed, so that the next start need not read it; a small one goes on growing then.
        if log.end >= options.largeLogBytes, log.nextOrdinal > 0 {
            roll()
        } else {
            try? log.file.truncate(to: log.end)
            log.file.close()
        }
    }
}
