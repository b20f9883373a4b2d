import Files
import Glibc
import TraceModel
import WireFormat

/// Checks one segment: each frame of its log, its index by itself, and the index against the log.
struct SegmentInspection {
    let directory: String
    let number: UInt32
    let isLast: Bool
    /// Records before it count for `countedItems`.
    let counted: RecordPosition

    private(set) var result: StoreCheck.Segment
    /// Items of the frames that a ledger of that position has counted.
    private(set) var countedItems = ItemCounts()
    private var scanner = TelemetryScanner(collectsTraces: true)
    private var index: SealedIndex?
    /// The index's number of the frame that begins at an offset.
    private var frameAtOffset: [UInt64: UInt32] = [:]
    private var seen: Set<UInt64> = []
    private var traces: Set<TraceID> = []
    /// What was found wrong with the index; the first few say enough.
    private var indexFaults: [String] = []

    init(directory: String, number: UInt32, isLast: Bool, counted: RecordPosition) {
        self.directory = directory
        self.number = number
        self.isLast = isLast
        self.counted = counted
        result = StoreCheck.Segment(number: number, state: isLast ? .open : .ended)
    }

    private var logName: String { Self.name(Segment.paths(directory, number).log) }
    private var indexName: String { Self.name(Segment.paths(directory, number).index) }

    private static func name(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// - Parameter progress: told how many bytes of the log were read since the last time.
    mutating func run(progress: (Int) -> Void) {
        openIndex()
        do throws(StorageFailure) {
            var walk = try LogWalk(
                Segment.paths(directory, number).log, end: index?.summary.logEnd, knownSalt: index?.summary.header.salt)
            if let header = walk.header, let index, header.salt != index.summary.header.salt {
                // It is of the log that stood here before that was rewritten; nobody uses it.
                self.index = nil
                frameAtOffset = [:]
                result.state = isLast ? .open : .ended
                walk = try LogWalk(Segment.paths(directory, number).log)
            }
            result.salt = walk.header?.salt
            try check(&walk, progress)
        } catch {
            if error.code == ENOENT {
                result.state = .deleted
                result.damages = []
                return
            }
            damage(logName, 0, result.logBytes, "cannot be read: \(error.description)")
            return
        }
        compareIndex()
    }

    // MARK: - Log

    private mutating func check(_ walk: inout LogWalk, _ progress: (Int) -> Void) throws(StorageFailure) {
        result.logBytes = walk.size
        // A crash while a segment is begun leaves less than a header, and no frame.
        let isHeaderTorn = isLast && index == nil && walk.size <= SegmentHeader.length
        if walk.header == nil, !isHeaderTorn {
            damage(logName, 0, min(walk.size, SegmentHeader.length), "the log's header is damaged")
        }
        if let header = walk.header, header.number != number {
            damage(logName, 12, 4, "the header names segment \(header.number)")
        }
        if walk.salt == nil, walk.size > SegmentHeader.length {
            damage(
                logName, SegmentHeader.length, walk.size - SegmentHeader.length, "there is no whole frame in the log")
        }
        var read = 0
        var gap: (offset: Int, length: Int, frames: Int, commitsBehind: Int)?
        while let piece = try walk.next() {
            let end: Int
            switch piece {
            case .frame(let header, let offset):
                end = offset + header.frameLength
                check(header, at: offset, walk.content)
                if header.flags & FrameHeader.endsCommit != 0 { gap?.commitsBehind += 1 }
            case .gap(let offset, let length, let frames):
                end = offset + length
                result.strangeBytes += length
                if let gap { damage(gap) }
                gap = (offset, length, frames, 0)
            case .rest(let offset, let length, let isZero):
                end = offset + length
                if isZero { break }
                result.strangeBytes += length
                // Only the last log can have been cut in the midst of a commit.
                if index == nil, !isLast { damage(logName, offset, length, "damaged up to the end of the log") }
                if index == nil, isLast { result.tornBytes = length }
            }
            progress(end - read)
            read = end
        }
        if let gap { damage(gap) }
    }

    /// Where an index stands, it tells which frames there were; a stretch that it does not name was set aside before it was
    /// written.
    private mutating func damage(_ gap: (offset: Int, length: Int, frames: Int, commitsBehind: Int)) {
        guard index == nil else { return }
        var reason = "\(gap.frames) damaged frame\(gap.frames == 1 ? "" : "s")"
        // The parts of a commit reach the disk in any order.
        if isLast, gap.commitsBehind <= 1 { reason += Self.perhapsTorn }
        damage(logName, gap.offset, gap.length, reason)
    }
    static let perhapsTorn = ", or part of a last commit that never ended"

    private mutating func check(_ header: FrameHeader, at offset: Int, _ raw: [UInt8]) {
        result.frames += 1
        result.held += header.items
        if RecordPosition(segment: number, frame: header.ordinal) < counted { countedItems += header.items }
        traces.removeAll(keepingCapacity: true)
        var sums = FrameSums()
        let endsWithRecord = raw.withUnsafeBytes { raw in
            walkRecords(in: raw) { record, body in
                sums.add(record)
                do throws(WireError) {
                    try scanner.scan(body.bindMemory(to: UInt8.self).span, as: record.kind)
                    for run in scanner.runs { traces.insert(run.traceID) }
                    if scanner.items != Int(record.items) { sums.faults.append("a record's number of items differs") }
                } catch {
                    sums.faults.append("a record is not OTLP: \(error)")
                }
                return true
            }
        }
        if !endsWithRecord { sums.faults.append("the content does not end with a record") }
        if sums.records != Int(header.records) || sums.items != header.items {
            sums.faults.append("header and records do not agree on numbers")
        }
        result.records += sums.records
        if let first = sums.firstReceivedAt, let last = sums.lastReceivedAt {
            if first != header.firstReceivedAt || last != header.lastReceivedAt {
                sums.faults.append("header and records do not agree on times")
            }
            result.firstReceivedAt = min(result.firstReceivedAt ?? first, first)
            result.lastReceivedAt = max(result.lastReceivedAt ?? last, last)
        }
        if let fault = sums.faults.first { damage(logName, offset, header.frameLength, fault) }
        checkIndex(of: header, at: offset)
    }

    private mutating func damage(_ file: String, _ offset: Int, _ length: Int, _ reason: String) {
        result.damages.append(StoreDamage(file: file, offset: offset, length: length, reason: reason))
    }

    // MARK: - Index

    private mutating func openIndex() {
        let path = Segment.paths(directory, number).index
        do throws(SealedIndex.Refusal) {
            let index = try SealedIndex(path: path, number: number)
            result.indexBytes = index.fileBytes
            result.state = .sealed
            guard index.areTablesIntact() else {
                damage(indexName, 0, index.fileBytes, "the checksum of its table differs")
                return
            }
            self.index = index
            for ordinal in 0..<index.frameCount {
                frameAtOffset[index.frame(ordinal).offset] = UInt32(ordinal)
            }
        } catch {
            guard case .unusable(let reason) = error else { return }
            var status = stat()
            result.indexBytes = stat(path, &status) == 0 ? Int(status.st_size) : 0
            result.state = .sealed
            damage(indexName, 0, result.indexBytes, reason)
        }
    }

    private mutating func checkIndex(of header: FrameHeader, at offset: Int) {
        guard let index else { return }
        guard let ordinal = frameAtOffset[UInt64(offset)] else {
            return fault("it lacks the frame at byte \(offset) of the log")
        }
        seen.insert(UInt64(offset))
        let ref = index.frame(Int(ordinal))
        if ref.stored != header.storedLength || ref.raw != header.rawLength {
            fault("it gives the frame at byte \(offset) of the log another length")
        }
        for trace in traces where !index.frames(of: trace).contains(ordinal) {
            fault("it lacks trace \(trace) of the frame at byte \(offset) of the log")
        }
    }

    private mutating func compareIndex() {
        guard let index else { return }
        let missing = frameAtOffset.filter { !seen.contains($0.key) }.sorted { $0.key < $1.key }
        for (offset, ordinal) in missing {
            let length = FrameHeader.length + Int(index.frame(Int(ordinal)).stored)
            damage(logName, Int(clamping: offset), length, "a damaged frame")
            result.strangeBytes = max(0, result.strangeBytes - length)
        }
        if missing.isEmpty, !result.damages.contains(where: { $0.file == logName }) {
            if index.summary.held != result.held { fault("its numbers of items are not the log's") }
            let (first, last) = (index.summary.firstReceivedAt, index.summary.lastReceivedAt)
            if first != (result.firstReceivedAt ?? first) || last != (result.lastReceivedAt ?? last) {
                fault("its times are not the log's")
            }
        }
        if let first = indexFaults.first { damage(indexName, 0, index.fileBytes, first) }
    }

    private mutating func fault(_ reason: String) { if indexFaults.count < 16 { indexFaults.append(reason) } }
}

/// What the records of one frame add up to.
private struct FrameSums {
    var records = 0
    var items = ItemCounts()
    var firstReceivedAt: UInt64?
    var lastReceivedAt: UInt64?
    var faults: [String] = []

    mutating func add(_ record: RecordHeader) {
        records += 1
        items.add(UInt64(record.items), of: record.kind)
        firstReceivedAt = min(firstReceivedAt ?? record.receivedAt, record.receivedAt)
        lastReceivedAt = max(lastReceivedAt ?? record.receivedAt, record.receivedAt)
    }
}
