import Compression
import Files
import TraceModel
import WireFormat

/// Writes the log of a sealed segment anew without some of its spans. Frames keep their numbers, and one of which nothing is
/// left stays as an empty frame, so that positions in the segment go on naming what they named.
struct SegmentRewrite {
    let segment: Segment
    let removal: SpanRemoval
    let options: StoreOptions

    struct Outcome {
        var header: SegmentHeader
        var summary: RewrittenSegment
        /// What the frames hold that could be read.
        var readable = ItemCounts()
        var length = SegmentHeader.length
    }

    private static let writeBytes = 1 << 20

    /// A fresh salt: an index of the old log, or a reader that knows it, must not take the new one for it.
    private var freshHeader: SegmentHeader {
        var salt: UInt64
        // The ledger tells the two logs apart by the lower half.
        repeat {
            salt = UInt64.random(in: .min ... .max)
        } while UInt32(truncatingIfNeeded: salt) == 0
            || UInt32(truncatingIfNeeded: salt) == UInt32(truncatingIfNeeded: segment.salt)
        return SegmentHeader(number: segment.number, salt: salt, created: segment.summary.header.created)
    }

    /// Writes the new log to `path`, which does not exist, and synchronizes it.
    func write(to path: String) throws(StoreError) -> Outcome {
        var outcome = Outcome(header: freshHeader, summary: RewrittenSegment(number: segment.number))
        do throws(StorageFailure) {
            let source = try ReadFile(segment.logPath)
            let file = try options.storage.create(path)
            defer { file.close() }
            try write(source, to: file, &outcome)
            if options.sync { try file.synchronize() }
        } catch { throw .storage(error) }
        return outcome
    }

    private func write(
        _ source: borrowing ReadFile, to file: any StorageFile, _ outcome: inout Outcome
    ) throws(StorageFailure) {
        let reader = FrameReader()
        var frames = RewrittenFrames(level: options.compressionLevel, salt: outcome.header.salt)
        var bytes = outcome.header.bytes
        var written = 0
        let view = segment.view
        let affected = affectedFrames(view)
        for ordinal in 0..<view.frameCount {
            let ref = view.ref(ordinal)
            let found = try reader.read(
                source, at: Int(clamping: ref.offset), available: .max, salt: segment.salt, expected: ref)
            if case .good(let header) = found {
                outcome.readable += header.items
                if affected.contains(ordinal) {
                    frames.append(header, UInt32(ordinal), without: removal, reader.raw, to: &bytes, &outcome.summary)
                } else {
                    frames.append(header, UInt32(ordinal), payload: reader.payload, to: &bytes)
                    outcome.summary.left += header.items
                }
            } else {
                outcome.summary.unreadableFrames += 1
                frames.appendEmpty(UInt32(ordinal), to: &bytes)
            }
            if bytes.count >= Self.writeBytes {
                try file.write(bytes, at: written)
                written += bytes.count
                bytes.removeAll(keepingCapacity: bytes.capacity <= 4 << 20)
            }
        }
        if !bytes.isEmpty { try file.write(bytes, at: written) }
        outcome.length = written + bytes.count
    }

    private func affectedFrames(_ view: SegmentView) -> FrameSet {
        guard let traces = removal.traces else { return FrameSet(count: view.frameCount, full: true) }
        var affected = FrameSet(count: view.frameCount)
        for trace in traces {
            for frame in view.frames(of: trace) { affected.insert(Int(frame)) }
        }
        return affected
    }
}

/// Makes the frames of a log that takes another's place.
private struct RewrittenFrames: ~Copyable {
    private var compressor: ZstdCompressor
    private let salt: UInt64
    private var raw: [UInt8] = []
    private var body: [UInt8] = []

    init(level: Int, salt: UInt64) {
        compressor = ZstdCompressor(level: level)
        self.salt = salt
    }

    /// The same content.
    mutating func append(_ old: FrameHeader, _ ordinal: UInt32, payload: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        var header = old
        header.salt = salt
        header.ordinal = ordinal
        finish(header, to: &bytes) { $0.append(contentsOf: payload) }
    }

    mutating func appendEmpty(_ ordinal: UInt32, to bytes: inout [UInt8]) {
        var header = FrameHeader(salt: salt, ordinal: ordinal)
        header.flags = FrameHeader.endsCommit
        raw.removeAll(keepingCapacity: true)
        compress(header, to: &bytes)
    }

    mutating func append(
        _ old: FrameHeader, _ ordinal: UInt32, without removal: SpanRemoval, _ content: [UInt8],
        to bytes: inout [UInt8], _ summary: inout RewrittenSegment
    ) {
        raw.removeAll(keepingCapacity: raw.capacity <= 4 << 20)
        var header = FrameHeader(salt: salt, ordinal: ordinal)
        header.flags = old.flags
        content.withUnsafeBytes { content in
            _ = walkRecords(in: content) { record, message in
                take(record, message, without: removal, &header, &summary)
                return true
            }
        }
        summary.left += header.items
        compress(header, to: &bytes)
    }

    private mutating func take(
        _ record: RecordHeader, _ message: UnsafeRawBufferPointer, without removal: SpanRemoval,
        _ header: inout FrameHeader, _ summary: inout RewrittenSegment
    ) {
        var record = record
        let kept = filter(record, message, without: removal, &summary.traces)
        if kept == 0, case .allBut = removal {
            summary.removed.add(UInt64(record.items), of: record.kind)
            return
        }
        if kept < Int(record.items) {
            summary.removed.add(UInt64(Int(record.items) - kept), of: record.kind)
            // Its number stays known: the ledger has it.
            if kept == 0 { return }
            record.items = UInt32(kept)
            record.bodyLength = body.count
            record.append(to: &raw)
            raw.append(contentsOf: body)
        } else {
            record.append(to: &raw)
            raw.append(contentsOf: message)
        }
        header.records &+= 1
        switch record.kind {
        case .traces: header.spans &+= record.items
        case .metrics: header.points &+= record.items
        case .logs: header.logs &+= record.items
        }
        header.firstReceivedAt = min(header.firstReceivedAt, record.receivedAt)
        header.lastReceivedAt = max(header.lastReceivedAt, record.receivedAt)
    }

    /// How many items of the record stay; where that is less than all, they are in `body`.
    private mutating func filter(
        _ record: RecordHeader, _ message: UnsafeRawBufferPointer, without removal: SpanRemoval,
        _ traces: inout Set<TraceID>
    ) -> Int {
        var notesTraces = true
        if case .allBut = removal { notesTraces = false }
        guard record.kind == .traces else { return notesTraces ? Int(record.items) : 0 }
        body.removeAll(keepingCapacity: body.capacity <= 4 << 20)
        do {
            return try SpanFilter.copy(message.bindMemory(to: UInt8.self).span, into: &body) { traceID, spanID in
                guard traceID.count == 16, spanID.count == 8 else { return notesTraces }
                // The comparison of the lengths keeps the loads inside.
                let trace = TraceID(
                    high: UInt64(bigEndian: traceID.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    low: UInt64(bigEndian: traceID.bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)))
                let span = SpanID(
                    value: UInt64(bigEndian: spanID.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)))
                guard removal.removes(trace, span) else { return true }
                if notesTraces { traces.insert(trace) }
                return false
            }
        } catch {
            // Kept whole, as nobody can say what is in it; it was never found by a trace either.
            return notesTraces ? Int(record.items) : 0
        }
    }

    private mutating func compress(_ header: FrameHeader, to bytes: inout [UInt8]) {
        var header = header
        header.rawLength = UInt32(raw.count)
        var content: [UInt8] = []
        swap(&content, &raw)
        defer { swap(&content, &raw) }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: FrameHeader.length))
        // Room for the worst case is made before, so the library has no reason to fail; were there one, the frame that
        // begins here would be no frame, which a reader tells.
        try? compressor.compress(content.span, into: &bytes)
        seal(header, from: start, &bytes)
    }

    private func finish(_ header: FrameHeader, to bytes: inout [UInt8], _ payload: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: FrameHeader.length))
        payload(&bytes)
        seal(header, from: start, &bytes)
    }

    private func seal(_ header: FrameHeader, from start: Int, _ bytes: inout [UInt8]) {
        var header = header
        header.storedLength = UInt32(bytes.count - start - FrameHeader.length)
        bytes.withUnsafeMutableBytes { header.write(into: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
    }
}
