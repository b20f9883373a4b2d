import CLinux
import Files
import Glibc
package import TraceModel
package import WireFormat

/// The collector's durable store: append-only segments of checksummed frames, found by trace ID.
///
/// Any thread may call it. Three threads belong to it: one writes, one describes what was written, one seals and deletes.
package final class SegmentStore: Sendable {
    let context: StoreContext
    private let threads: Monitor<(writer: WorkerThread, describer: WorkerThread, maintenance: WorkerThread)?>
    private let lock: Monitor<DirectoryLock?>
    private let readers = Monitor<[FrameReader]>([])
    /// Readers kept for the next call; each holds the buffers of one frame.
    private static let maxIdleReaders = 4

    /// Takes the directory for this process, making it where it is missing, recovers what is in it and starts to write.
    package static func open(
        directory: String, options: StoreOptions = StoreOptions(),
        log: @escaping @Sendable (StoreEvent) -> Void = { _ in }
    ) throws(StoreError) -> SegmentStore {
        do { try makeDirectories(directory) } catch { throw .storage(error) }
        let lock = try Self.lock(directory)
        let recovered = try StoreRecovery(directory: directory, options: options, log: log).recover()
        return try SegmentStore(directory: directory, options: options, log: log, lock: lock, recovered: recovered)
    }

    private init(
        directory: String, options: StoreOptions, log: @escaping @Sendable (StoreEvent) -> Void, lock: DirectoryLock,
        recovered: StoreRecovery.Outcome
    ) throws(StoreError) {
        let context = StoreContext(directory: directory, options: options, log: log, recovered: recovered)
        self.context = context
        self.lock = Monitor(lock)
        threads = Monitor(nil)
        let maintenance = try Self.start("store-seal") { SegmentMaintenance(context).run() }
        var describer: WorkerThread?
        do throws(StoreError) {
            let started = try Self.start("store-describe") { DescribeLoop(context).run() }
            describer = started
            let writer = try Self.start("store-write") { CommitWriter(context, recovered: recovered).run() }
            threads.withLock { $0 = (writer, started, maintenance) }
        } catch {
            context.describing.update { $0.isClosing = true }
            describer?.join()
            context.maintenance.update { $0.isClosing = true }
            maintenance.join()
            throw error
        }
    }

    deinit { close() }

    private static func lock(_ directory: String) throws(StoreError) -> DirectoryLock {
        do { return try DirectoryLock(directory: directory) } catch {
            switch error {
            case .storage(let failure): throw .storage(failure)
            case .locked(let process): throw .locked(directory: directory, process: process)
            }
        }
    }

    private static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(StoreError) -> WorkerThread
    {
        do { return try WorkerThread(name: name, body) } catch { throw .threadFailed(code: error.code) }
    }

    /// Queues a record. `whenDurable` is called exactly once, on the writer's thread, when the record is on the disk or
    /// will not be; it must not block. False: the queue is full or the store closed, and `whenDurable` is never called.
    package func submit(
        _ record: consuming IngestRecord,
        whenDurable: @escaping @Sendable (Result<AppendOutcome, StoreError>) -> Void
    ) -> Bool {
        let submission = SubmitQueue.Submission(record: record, whenDurable: whenDurable)
        let frameBytes = context.options.frameBytes
        return context.queue.update({ $0.add(submission) }, wakingIf: { $0.isAwaited(frameBytes) })
    }

    /// An OTLP traces message with exactly the trace's spans, in the order of arrival; nil when there are none. A frame
    /// that cannot be read is skipped, counted and told.
    package func trace(_ id: TraceID) throws(StoreError) -> [UInt8]? { try trace(id, maxBytes: .max)?.message }

    /// The same, reading no further once the message has reached `maxBytes`: what came first is whole, the rest is left
    /// out and told.
    package func trace(
        _ id: TraceID, maxBytes: Int
    ) throws(StoreError) -> (message: [UInt8], isTruncated: Bool)? {
        let reader = readers.withLock { $0.popLast() } ?? FrameReader()
        defer { readers.withLock { if $0.count < Self.maxIdleReaders { $0.append(reader) } } }
        var message: [UInt8] = []
        var spans = 0
        var isTruncated = false
        for segment in context.segments.withLock({ $0 }) where !isTruncated {
            let frames = segment.frames(of: id)
            if frames.isEmpty { continue }
            try read(segment, frames, with: reader) { _, raw in
                isTruncated = message.count >= maxBytes
                if isTruncated { return false }
                raw.withUnsafeBytes { raw in
                    _ = walkRecords(in: raw) { header, body in
                        if header.kind == .traces { spans += Self.copySpans(of: id, from: body, into: &message) }
                        return true
                    }
                }
                return true
            }
        }
        return spans > 0 ? (message, isTruncated) : nil
    }

    /// All services whose spans are stored, by name.
    package func services() -> [ServiceSummary] {
        var all = ServiceCatalogue()
        for segment in context.segments.withLock({ $0 }) { all.merge(segment.services) }
        return all.services.map { ServiceSummary(name: $0, spans: $1.spans, lastSeen: $1.lastSeen) }
            .sorted { $0.name < $1.name }
    }

    /// The traces that appeared last, newest first, each once; at most 1024.
    package func recentTraces(limit: Int) -> [TraceID] {
        context.figures.withLock { $0.recent }.newest(max(0, limit))
    }

    /// Calls `body` with the stored records from a frame on, in the order of arrival, until it returns false.
    package func forEachRecord(
        kind: SignalKind? = nil, from position: RecordPosition = .start, _ body: (StoredRecord) -> Bool
    ) throws(StoreError) {
        let reader = FrameReader()
        var goesOn = true
        for segment in context.segments.withLock({ $0 }) where goesOn && segment.number >= position.segment {
            let first = segment.number == position.segment ? position.frame : 0
            let count = UInt32(segment.frameCount)
            guard first < count else { continue }
            let frames = (first..<count).compactMap { ordinal in segment.frame(ordinal).map { (ordinal, $0) } }
            try read(segment, frames, with: reader) { ordinal, raw in
                raw.withUnsafeBytes { raw in
                    _ = walkRecords(in: raw) { header, bytes in
                        guard kind == nil || header.kind == kind else { return true }
                        goesOn = body(
                            StoredRecord(
                                kind: header.kind, sender: header.sender, sequence: header.sequence,
                                receivedAt: header.receivedAt, items: Int(header.items), body: Array(bytes),
                                position: RecordPosition(segment: segment.number, frame: ordinal)))
                        return goesOn
                    }
                }
                return goesOn
            }
        }
    }

    /// Gives back the pages of sealed indexes that queries have touched, where they are many.
    package func boundPages() { context.boundPages() }

    package var directory: String { context.directory }

    /// What is asked before retention takes something.
    package var keeping: (any TraceKeeping)? { context.options.keeping }

    /// Erasures that ended since the store was opened.
    package var erasures: UInt64 { context.erasures }

    package var statistics: StoreStatistics {
        var result = context.figures.withLock { $0.statistics }
        let segments = context.segments.withLock { $0 }
        result.segments = segments.count
        for segment in segments {
            result.held += segment.summary.held
            result.bytesOnDisk += segment.bytesOnDisk
        }
        result.cachedBytes = context.frames.bytes
        context.queue.withLock { queue in
            result.queueBytes = queue.bytes
            result.queueRecords = queue.records
            result.refusedSubmits = queue.refused
        }
        return result
    }

    /// What was ever stored, deleted and turned away: one look under one lock, so that the sums agree.
    package func ledger() -> LedgerFigures { LedgerFigures(context.ledger.withLock { $0 }, listsSenders: true) }

    /// The same without the senders, which costs little however many there are.
    package func ledgerSums() -> LedgerFigures {
        context.ledger.withLock { LedgerFigures($0, listsSenders: false) }
    }

    /// Counts items that came and were turned away before they were submitted. It is on the disk within
    /// `StoreOptions.ledgerInterval`, and when the store is closed.
    package func countRejected(_ items: Int, of kind: SignalKind, reason: String) {
        guard items > 0 else { return }
        context.account { $0.countRejected(ItemCounts(UInt64(items), of: kind), reason) }
    }

    /// Refuses new records, makes the queued ones durable, calls their callbacks, ends both threads and gives the directory
    /// back. Reading goes on working. Not to be called from a callback.
    package func close() {
        let threads = self.threads.withLock { threads in
            defer { threads = nil }
            return threads
        }
        guard let threads else { return }
        context.queue.update { $0.isClosing = true }
        threads.writer.join()
        context.describing.update { $0.isClosing = true }
        threads.describer.join()
        context.maintenance.update { $0.isClosing = true }
        threads.maintenance.join()
        lock.withLock { $0 = nil }
    }

    /// Lets retention look now instead of at its next turn, writes the ledger if something is not in its file, and returns
    /// when that is done.
    package func sweep() {
        let ticket = context.maintenance.update { queue in
            queue.sweepsAsked += 1
            return queue.sweepsAsked
        }
        _ = context.maintenance.wait { $0.sweepsDone >= ticket || $0.isClosing ? true : nil }
    }

    /// Returns when what was queued is answered and can be searched.
    package func waitUntilAnswered() { _ = context.queue.wait { $0.records == 0 && !$0.isWriting ? true : nil } }

    /// Returns when what was queued is answered, every segment that ended is sealed and every index checked; for tests and
    /// for tools that copy a store.
    package func waitUntilSealed() {
        waitUntilAnswered()
        _ = context.describing.wait { $0.jobs.isEmpty && !$0.isBusy ? true : nil }
        _ = context.maintenance.wait { $0.ended.isEmpty && $0.unverified.isEmpty && !$0.isBusy ? true : nil }
    }

    // MARK: - Reading frames

    static func copySpans(
        of id: TraceID, where isWanted: (SpanID) -> Bool = { _ in true }, from body: UnsafeRawBufferPointer,
        into message: inout [UInt8]
    ) -> Int {
        let (high, low) = (id.high.bigEndian, id.low.bigEndian)
        // Most requests of a frame, and most of a request, have nothing of the trace: its bytes are nowhere in them.
        let mayHold = { (bytes: UnsafeRawBufferPointer) in
            withUnsafeBytes(of: (high, low)) {
                hms_find(bytes.baseAddress, UInt(bytes.count), $0.baseAddress, 16) != nil
            }
        }
        guard mayHold(body) else { return 0 }
        let length = message.count
        do {
            return try SpanFilter.copy(
                body.bindMemory(to: UInt8.self).span, into: &message, mayHold: { $0.withUnsafeBytes { mayHold($0) } }
            ) { traceID, spanID in
                // The comparison of the length keeps both loads inside.
                traceID.count == 16 && traceID.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self) == high
                    && traceID.bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self) == low
                    && isWanted(SpanID(spanID))
            }
        } catch {
            // The scanner found it good when it came, so this does not happen; half a record must not be served.
            message.removeLast(message.count - length)
            return 0
        }
    }

    var shared: StoreContext { context }

    /// Oldest first.
    func segmentsNow() -> [Segment] { context.segments.withLock { $0 } }

    /// The same with a reader that is kept for the next call.
    func read(
        _ segment: Segment, _ frames: [(ordinal: UInt32, ref: FrameRef)], _ body: (UInt32, [UInt8]) -> Bool
    ) throws(StoreError) {
        if frames.isEmpty { return }
        let reader = readers.withLock { $0.popLast() } ?? FrameReader()
        defer { readers.withLock { if $0.count < Self.maxIdleReaders { $0.append(reader) } } }
        try read(segment, frames, with: reader, body)
    }

    /// Reads frames of one segment. A segment that retention deleted meanwhile has none.
    private func read(
        _ segment: Segment, _ frames: [(ordinal: UInt32, ref: FrameRef)], with reader: FrameReader,
        _ body: (UInt32, [UInt8]) -> Bool
    ) throws(StoreError) {
        do {
            guard let open = try OpenSegment.open(segment) else { return }
            for (ordinal, given) in frames {
                guard let ref = open.segment === segment ? given : open.segment.frame(ordinal) else { continue }
                let outcome = try reader.read(
                    open.file, at: Int(clamping: ref.offset), available: .max, salt: open.segment.salt, expected: ref)
                if case .good = outcome {
                    guard body(ordinal, reader.raw) else { return }
                } else {
                    context.note(unreadable: Int(ordinal), of: open.segment, at: ref)
                }
            }
        } catch { throw .storage(error) }
    }

    /// They hold the bytes of the frames that they read last.
    func dropIdleReaders() { readers.withLock { $0 = [] } }
}

extension SpanID {
    /// Zero where it is none.
    fileprivate init(_ bytes: Span<UInt8>) {
        // The comparison of the length keeps the load inside.
        self.init(
            value: bytes.count == 8
                ? UInt64(bigEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)) : 0)
    }
}
