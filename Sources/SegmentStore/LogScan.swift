import Files
import SpanTokens
import TraceModel
import WireFormat

/// Reads a whole log frame by frame and makes its index anew. What is no frame is skipped, told, and set aside.
struct LogScan {
    let directory: String
    let quarantine: Quarantine
    let log: @Sendable (StoreEvent) -> Void

    struct Result {
        var index: SegmentIndex
        /// Length of the file; the index's `logEnd` is where the last good frame ends.
        var fileLength: Int
        var isHeaderIntact: Bool
        var damagedFrames: UInt64 = 0
        var quarantinedBytes: UInt64 = 0
        var unindexedRecords: UInt64 = 0
        /// Bytes follow the last good frame.
        var hasTornEnd: Bool { fileLength > index.summary.logEnd }
        /// The header or something before the last good frame is damaged: nothing may be appended.
        var isDamagedInside = false
    }

    /// Nil when the file holds neither a header nor a frame. `eachRecord` sees every record in the order of the log, with
    /// the ordinal that its frame was written with.
    /// - Parameter file: where the log lies; nil for its usual place.
    func scan(
        number: UInt32, file other: String? = nil, onNew: (TraceID) -> Void, eachRecord: (RecordHeader, UInt32) -> Void
    ) throws(StorageFailure) -> Result? {
        let path = other ?? Segment.paths(directory, number).log
        let file = try ReadFile(path)
        let size = try file.size()
        let reader = FrameReader()
        var head: [UInt8] = []
        try file.read(min(size, SegmentHeader.length), at: 0, into: &head)
        let intact = SegmentHeader(head)
        var believed = intact
        if believed == nil { believed = try findHeader(file, size: size, number: number, reader: reader) }
        guard let header = believed else { return nil }

        var result = Result(index: SegmentIndex(header: header), fileLength: size, isHeaderIntact: intact != nil)
        result.isDamagedInside = intact == nil
        var scanner = TelemetryScanner(collectsTraces: true)
        var gathered = FrameTokens(SpanToken(salt: header.salt))
        var offset = SegmentHeader.length
        var nextOrdinal: UInt32 = 0
        while offset < size {
            if case .good(let frame) = try reader.read(file, at: offset, available: size, salt: header.salt) {
                let ref = FrameRef(offset: UInt64(offset), stored: frame.storedLength, raw: frame.rawLength)
                enter(ref, frame, reader.raw, &scanner, &gathered, &result, onNew, eachRecord)
                nextOrdinal = frame.ordinal &+ 1
                offset += frame.frameLength
                continue
            }
            let next = try nextFrame(file, from: offset + 1, size: size, salt: header.salt, reader: reader)
            let end = next?.offset ?? size
            if let next {
                result.isDamagedInside = true
                result.damagedFrames += UInt64(max(1, next.ordinal > nextOrdinal ? next.ordinal - nextOrdinal : 1))
            } else {
                // Zeros at the end are blocks that were never written.
                guard try !isZero(file, from: offset, to: end) else { break }
                result.damagedFrames += 1
            }
            let copy = quarantine.keep(file, number: number, from: offset, to: end)
            if copy != nil { result.quarantinedBytes += UInt64(end - offset) }
            log(.damaged(path: path, offset: offset, length: end - offset, keptAs: copy))
            offset = end
        }
        return result
    }

    private func enter(
        _ ref: FrameRef, _ frame: FrameHeader, _ raw: [UInt8], _ scanner: inout TelemetryScanner,
        _ gathered: inout FrameTokens, _ result: inout Result, _ onNew: (TraceID) -> Void,
        _ eachRecord: (RecordHeader, UInt32) -> Void
    ) {
        let ordinal = UInt32(result.index.frames.count)
        result.index.append(ref, frame)
        raw.withUnsafeBytes { raw in
            _ = walkRecords(in: raw) { record, body in
                eachRecord(record, frame.ordinal)
                do {
                    try scanner.scan(
                        body.bindMemory(to: UInt8.self).span, as: record.kind)
                } catch {
                    result.unindexedRecords += 1
                    return true
                }
                result.index.insert(
                    record.kind, runs: scanner.runs, services: scanner.services, at: record.receivedAt, frame: ordinal,
                    onNew: onNew)
                if record.kind == .traces { gathered.add(body) }
                return true
            }
        }
        result.index.append(FrameContent(finishing: &gathered))
    }

    /// The next place at or after `start` where an intact frame of this segment begins.
    private func nextFrame(
        _ file: borrowing ReadFile, from start: Int, size: Int, salt: UInt64, reader: FrameReader
    ) throws(StorageFailure) -> (offset: Int, ordinal: UInt32)? {
        var from = start
        while let candidate = try search(file, from: from, size: size, salt: salt) {
            if case .good(let frame) = try reader.read(file, at: candidate, available: size, salt: salt) {
                return (candidate, frame.ordinal)
            }
            from = candidate + 1
        }
        return nil
    }

    /// Where the magic stands, with `salt` behind it unless that is nil.
    private func search(
        _ file: borrowing ReadFile, from start: Int, size: Int, salt: UInt64?
    ) throws(StorageFailure) -> Int? {
        let block = 1 << 20
        var buffer: [UInt8] = []
        var position = start
        while size - position >= FrameHeader.length {
            // Blocks overlap by 15 bytes, so that nothing hides on a border.
            try file.read(min(block + 15, size - position), at: position, into: &buffer)
            let found: Int? = buffer.withUnsafeBytes { bytes in
                var index = 0
                while index <= bytes.count - 16 {
                    if bytes.loadLittle(at: index, as: UInt32.self) == FrameHeader.magic,
                        salt == nil || bytes.loadLittle(at: index + 8, as: UInt64.self) == salt
                    {
                        return index
                    }
                    index += 1
                }
                return nil
            }
            if let found { return position + found }
            if buffer.count < block { return nil }
            position += block
        }
        return nil
    }

    /// The header of a log whose first bytes are damaged, from the first frame that is intact with its own salt.
    private func findHeader(
        _ file: borrowing ReadFile, size: Int, number: UInt32, reader: FrameReader
    ) throws(StorageFailure) -> SegmentHeader? {
        var from = 0
        // Bytes that a sender chose may look like frames with a salt of its own, so only the usual place of the first frame
        // and of those that follow damage near it are believed.
        var attempts = 0
        while attempts < 64, let candidate = try search(file, from: from, size: size, salt: nil) {
            attempts += 1
            var head: [UInt8] = []
            try file.read(FrameHeader.length, at: candidate, into: &head)
            let salt = head.loadLittle(at: 8, as: UInt64.self)
            if case .good(let frame) = try reader.read(file, at: candidate, available: size, salt: salt) {
                return SegmentHeader(
                    number: number, salt: salt, created: UInt32(clamping: frame.firstReceivedAt / 1_000_000_000))
            }
            from = candidate + 1
        }
        return nil
    }

    private func isZero(_ file: borrowing ReadFile, from start: Int, to end: Int) throws(StorageFailure) -> Bool {
        var buffer: [UInt8] = []
        var position = start
        while position < end {
            try file.read(min(1 << 20, end - position), at: position, into: &buffer)
            if buffer.isEmpty { return true }
            if !buffer.allSatisfy({ $0 == 0 }) { return false }
            position += buffer.count
        }
        return true
    }
}
