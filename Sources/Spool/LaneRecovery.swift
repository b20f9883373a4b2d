import Files
import WireFormat

/// Reads a lane's directory as an earlier process left it, however it ended and whatever happened to the files since. What
/// is no record is set aside, counted and told; the rest goes on.
struct LaneRecovery {
    let directory: String
    let key: LaneKey
    let storage: any Storage
    let quarantine: Quarantine
    let log: @Sendable (SpoolEvent) -> Void
    let onNote: (LaneKey, [UInt8]) -> Void
    /// Bytes that were not on the disk yet may be gone, and nothing tells which.
    let isAfterPowerCut: Bool

    /// Reads `tcp-traces-…`; nil for a directory that is no lane. The collector is only what the name shows of it.
    static func key(ofDirectory name: String) -> LaneKey? {
        let parts = name.split(separator: "-", maxSplits: 2)
        guard parts.count == 3, let kind = SignalKind.allCases.first(where: { "\($0)" == parts[1] }) else { return nil }
        return LaneKey(door: String(parts[0]), kind: kind, collector: String(parts[2]))
    }

    private struct Found {
        var segments: [SpoolSegment] = []
        var batches: [UInt64: BatchExtent] = [:]
        var sender: SenderID?
        var lastNumber: UInt64 = 0
        /// Items that the lane had accepted before the first record that is there.
        var totalBefore: UInt64?
        var total: UInt64 = 0
        var highestBatch: UInt64 = 0
        /// Of the record that was read last.
        var lastBatch: UInt64 = 0
        var digests: [UInt64] = []
        var remembersDigests = false
        var bytes = 0
        /// Records are gone, and with them numbers that may have been used.
        var isDamaged = false
    }

    /// A segment whose header is good.
    private struct Opened {
        let segment: SpoolSegment
        let size: Int
        /// By its name.
        let number: UInt64
    }

    struct BatchExtent {
        let segment: SpoolSegment
        let start: Int
        var end: Int
        var items: UInt64 = 0
        var sampled: UInt64 = 0
    }

    /// Nil when the directory cannot be read at all.
    func recover() -> RecoveredLane? {
        var found = Found()
        var opened: [Opened] = []
        do {
            for (number, path) in try segmentFiles() {
                found.lastNumber = max(found.lastNumber, number)
                if let segment = open(path, number, &found) { opened.append(segment) }
            }
        } catch {
            log(.segmentUnreadable(path: directory, reason: "\(error)", keptAs: nil))
            return nil
        }
        for (index, segment) in opened.enumerated() {
            // The last but one may be all there is, when the last was only just begun.
            found.remembersDigests = index >= opened.count - 2
            // One under another's name was about to be written over, and is older than its place.
            let next = opened[(index + 1)...].first { $0.number == $0.segment.header.number }
            read(segment, next: next?.segment.header, &found)
        }
        let file = try? SettledFile(directory: directory, storage: storage)
        return conclude(found, (try? file?.read()) ?? SettledFile.Content(newest: nil, isDamaged: true), file)
    }

    private func segmentFiles() throws(StorageFailure) -> [(UInt64, String)] {
        var files: [(UInt64, String)] = []
        for name in try listDirectory(directory) where name.hasSuffix(".spool") {
            // Names that no lane ever gave are somebody else's.
            guard let number = UInt64(name.dropLast(6)), number < 1 << 62 else { continue }
            files.append((number, "\(directory)/\(name)"))
        }
        return files.sorted { $0.0 < $1.0 }
    }

    // MARK: one segment

    private func open(_ path: String, _ number: UInt64, _ found: inout Found) -> Opened? {
        do {
            let file = try storage.openForWriting(path)
            let size = try ReadFile(path).size()
            var head: [UInt8] = []
            try file.read(SegmentHeader.length, at: 0, into: &head)
            guard let header = SegmentHeader(head) else {
                file.close()
                giveUp(path, number, "its header is damaged", &found)
                return nil
            }
            return Opened(
                segment: SpoolSegment(
                    header: header, path: path, isInMemory: false, file: file, end: size, isSealed: true),
                size: size, number: number)
        } catch {
            giveUp(path, number, "\(error)", &found)
            return nil
        }
    }

    /// - Parameter next: the header of the segment behind this one.
    private func read(_ opened: Opened, next: SegmentHeader?, _ found: inout Found) {
        let header = opened.segment.header
        found.sender = found.sender ?? header.sender
        if found.totalBefore == nil { found.totalBefore = header.totalBefore }
        found.total = max(found.total, header.totalBefore)
        found.highestBatch = max(found.highestBatch, header.firstBatch &- 1)
        found.segments.append(opened.segment)
        found.bytes += max(0, opened.size - SegmentHeader.length)
        do throws(StorageFailure) {
            try walk(opened.segment, opened.size, next, &found)
        } catch {
            // What was read so far is forwarded, and the file stays for the next start.
            found.isDamaged = true
            log(.segmentUnreadable(path: opened.segment.path, reason: "\(error)", keptAs: opened.segment.path))
        }
    }

    private func giveUp(_ path: String, _ number: UInt64, _ reason: String, _ found: inout Found) {
        found.isDamaged = true
        let copy = quarantine.take(path, as: "\(laneName)-\(number).spool")
        log(.segmentUnreadable(path: path, reason: reason, keptAs: copy))
    }

    private var laneName: String { String(directory.split(separator: "/").last ?? "lane") }

    private func walk(
        _ segment: SpoolSegment, _ size: Int, _ following: SegmentHeader?, _ found: inout Found
    ) throws(StorageFailure) {
        var offset = SegmentHeader.length
        var head: [UInt8] = []
        while offset < size {
            try segment.file.read(RecordHeader.length, at: offset, into: &head)
            if let header = head.withUnsafeBytes({ RecordHeader($0, at: 0, salt: segment.header.salt) }),
                header.recordLength <= size - offset
            {
                try judge(header, segment, offset, following, &found)
                offset += header.recordLength
                continue
            }
            let intact = try nextRecord(in: segment.file, from: offset + 1, size: size, salt: segment.header.salt)
            // Behind the last record stands what the file held before.
            if intact == nil, size <= Int(clamping: segment.header.staleThrough) { return }
            let next = intact ?? size
            try setAside(segment, from: offset, to: next, isEnd: next == size, &found)
            offset = next
        }
    }

    /// Takes a record whose header is intact, if it belongs where it stands.
    private func judge(
        _ header: RecordHeader, _ segment: SpoolSegment, _ offset: Int, _ following: SegmentHeader?,
        _ found: inout Found
    ) throws(StorageFailure) {
        // What a write left that failed and could not be cut off was never answered for, and came again behind.
        if let following, header.batch >= following.firstBatch || header.total > following.totalBefore { return }
        // A copy of bytes that stand elsewhere was not written there: batches and totals only rise.
        guard header.batch >= found.lastBatch, header.follows(total: found.total) else {
            return try setAside(segment, from: offset, to: offset + header.recordLength, isEnd: false, &found)
        }
        try enter(header, segment, offset, &found)
    }

    private func enter(
        _ header: RecordHeader, _ segment: SpoolSegment, _ offset: Int, _ found: inout Found
    ) throws(StorageFailure) {
        found.lastBatch = header.batch
        let end = offset + header.recordLength
        if var extent = found.batches[header.batch] {
            // A batch never reaches into another segment, so a number that does is damage that the check did not see.
            guard extent.segment === segment else { return }
            extent.end = end
            extent.items += UInt64(header.items)
            extent.sampled += UInt64(header.sampled)
            found.batches[header.batch] = extent
        } else {
            found.batches[header.batch] = BatchExtent(
                segment: segment, start: offset, end: end, items: UInt64(header.items),
                sampled: UInt64(header.sampled))
        }
        found.total = max(found.total, header.total)
        found.highestBatch = max(found.highestBatch, header.batch)
        // Of the last segments, where a sender may come again with what it saw no answer for, and of notes. A record that is not
        // whole must not be known: what it repeats would be taken for stored.
        guard header.noteLength > 0 || found.remembersDigests else { return }
        var body: [UInt8] = []
        try segment.file.read(header.bodyLength, at: offset + RecordHeader.length, into: &body)
        guard body.withUnsafeBytes({ BodyDigest.of($0) }) == header.digest else { return }
        if header.noteLength == 0 || key.door == LaneKey.moved { found.digests.append(header.digest) }
        if header.noteLength > 0 { onNote(key, Array(body[header.messageLength...])) }
    }

    /// Where the next intact header stands at or after `start`.
    private func nextRecord(
        in file: any StorageFile, from start: Int, size: Int, salt: UInt64
    ) throws(StorageFailure) -> Int? {
        let block = 256 << 10
        var position = start
        var bytes: [UInt8] = []
        while size - position >= RecordHeader.length {
            // Blocks overlap by a header less one byte, so that none hides on a border.
            try file.read(min(block + RecordHeader.length - 1, size - position), at: position, into: &bytes)
            let found = bytes.withUnsafeBytes { Self.search($0, salt: salt) }
            if let found { return position + found }
            guard bytes.count > block else { return nil }
            position += block
        }
        return nil
    }

    static func search(_ bytes: UnsafeRawBufferPointer, salt: UInt64) -> Int? {
        let first = UInt8(truncatingIfNeeded: RecordHeader.magic)
        for index in 0..<max(0, bytes.count - RecordHeader.length + 1) where bytes[index] == first {
            if RecordHeader(bytes, at: index, salt: salt) != nil { return index }
        }
        return nil
    }

    private func setAside(
        _ segment: SpoolSegment, from start: Int, to end: Int, isEnd: Bool, _ found: inout Found
    ) throws(StorageFailure) {
        var bytes: [UInt8] = []
        try segment.file.read(min(end - start, quarantine.maxBytes), at: start, into: &bytes)
        // Zeros at the end were never written.
        if isEnd, bytes.allSatisfy({ $0 == 0 }) { return }
        found.isDamaged = true
        let copy = quarantine.keep(bytes, as: "\(laneName)-\(segment.header.number)-\(start).damaged")
        log(.damaged(path: segment.path, offset: start, length: end - start, keptAs: copy))
    }

    // MARK: what follows

    private func conclude(
        _ found: Found, _ content: SettledFile.Content, _ file: SettledFile?
    ) -> RecoveredLane {
        if content.isDamaged {
            log(
                .fileUnreadable(
                    path: SettledFile.path(in: directory), reason: "it is damaged",
                    lost: "which of the last batches were forwarded; these are sent again"))
        }
        let settled = content.newest
        var state = settled?.state ?? SettledState()
        let unsettled = found.batches.filter { !state.contains($0.key) }.sorted { $0.key < $1.key }
        let waiting = unsettled.reduce(0) { $0 + $1.value.items + $1.value.sampled }
        var total = found.total
        if settled == nil {
            // Whatever is not here any more had been settled.
            state.forwarded = found.totalBefore ?? 0
        }
        // Records that are gone at the very end are known from what was noted beside them.
        let taken = TakenFile.read(directory)
        if taken == nil, fileExists(TakenFile.path(in: directory)) {
            log(
                .fileUnreadable(
                    path: TakenFile.path(in: directory), reason: "it is damaged",
                    lost: "how much was accepted at the very end"))
        }
        total = max(total, taken?.items ?? 0, state.items + waiting)
        var nextBatch = max(found.highestBatch + 1, state.highest + 1, taken?.nextBatch ?? 1, state.floor)
        let isUntold = taken == nil && (found.isDamaged || content.isDamaged || found.totalBefore ?? 0 > 0)
        let isLeap = isAfterPowerCut || isUntold
        if isLeap { nextBatch += Self.leap() }
        var lost = total - state.items - waiting
        if content.isDamaged, !found.isDamaged, total == found.total || found.segments.isEmpty {
            // All segments are whole, so what is not there had been settled, and only the newest note of it is gone.
            state.forwarded += lost
            lost = 0
        }
        let account = LaneAccount(
            key: key, sender: settled?.sender ?? found.sender ?? .random(),
            directory: directory, total: total, nextBatch: 1, settled: state,
            generation: settled?.generation ?? 0, file: file, segments: found.segments)
        if lost > 0 {
            account.dropDamaged(lost)
            log(.itemsLost(lane: laneName, items: lost))
        }
        let batches = unsettled.map { number, extent in
            extent.segment.addUnsettled(1)
            return SpooledBatch(
                lane: account, segment: extent.segment, sequence: number, start: extent.start, end: extent.end,
                items: extent.items, sampled: extent.sampled,
                wasPerhapsSent: number <= state.through + SettledState.sendWindow)
        }
        for batch in batches { account.post(batch) }
        account.begin(at: nextBatch, floor: isLeap ? nextBatch : nil)
        return RecoveredLane(
            account: account, directoryName: laneName, nextBatch: nextBatch, lastSegmentNumber: found.lastNumber,
            bytes: found.bytes,
            content: RecoveredLane.Content(batches: batches, digests: found.digests))
    }

    /// How far numbers leap when some may have been used that nothing is known of: a collector that has stored one takes what
    /// comes under it later for a repetition, and it would be lost. Random, so that two leaps from one place do not meet.
    static func leap() -> UInt64 { .random(in: 1 << 32..<1 << 40) }
}
