import Files
import Glibc
import Outlines
import SpanTokens
import Synchronization
import TraceModel

/// A sealed segment's index, mapped from its file and read in place.
///
/// Unchecked because the mapping is read only and lives as long as this object; nobody writes an index file after its rename.
final class SealedIndex: @unchecked Sendable {
    let summary: SegmentSummary
    let fileBytes: Int
    let services: ServiceCatalogue
    let frameCount: Int
    private let mapping: UnsafeRawBufferPointer
    private let hash: TraceHash
    /// Of a trace and a frame that holds spans of it.
    let pairs: Int
    private let metaEnd: Int
    private let traces: IndexFile.Section
    private let tokens: IndexFile.Section
    /// Frames with more tokens than were kept.
    private let opaque: [Int]
    private let red: IndexFile.Section
    private let outlineSection: IndexFile.Section
    /// Compared with their checksum when they are asked for first.
    private let areOutlinesIntact = Mutex<Bool?>(nil)
    private let spreadCount: Int
    private let sendersAt: Int
    private let senderCount: Int
    private let recentCount: Int
    /// Spares a look into the file for most traces that are elsewhere; nil until it was made.
    private let filter = Mutex<TraceFilter?>(nil)

    /// Gives back memory; what is needed again is mapped again.
    func releasePages() { Files.releasePages(of: mapping) }

    enum Refusal: Error {
        case missing
        case unusable(String)
    }

    /// Maps and checks all but the tables, which `areTablesIntact` checks.
    init(path: String, number: UInt32) throws(Refusal) {
        let bytes: UnsafeRawBufferPointer
        do {
            let file = try ReadFile(path)
            let size = try file.size()
            guard size >= IndexFile.headerLength else { throw Refusal.unusable("too short") }
            bytes = try file.map(size)
        } catch let failure as StorageFailure {
            throw failure.code == ENOENT ? .missing : .unusable(failure.description)
        } catch { throw .unusable("too short") }
        var accepted = false
        defer { if !accepted { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) } }

        guard bytes.starts(with: IndexFile.magic), bytes.loadLittle(at: 8, as: UInt32.self) == IndexFile.version else {
            throw .unusable("not an index of version \(IndexFile.version)")
        }
        let metaLength = bytes.loadLittle(at: 104, as: UInt64.self)
        guard metaLength <= UInt64(bytes.count - IndexFile.headerLength) else { throw .unusable("meta is cut") }
        let metaEnd = IndexFile.headerLength + Int(metaLength)
        willRead(UnsafeRawBufferPointer(rebasing: bytes[..<metaEnd]))
        let head = checksum(UnsafeRawBufferPointer(rebasing: bytes[..<IndexFile.checksumPlace]))
        guard
            checksum(UnsafeRawBufferPointer(rebasing: bytes[IndexFile.headerLength..<metaEnd]), continuing: head)
                == bytes.loadLittle(at: IndexFile.checksumPlace, as: UInt32.self)
        else { throw .unusable("checksum differs") }

        var header = SegmentHeader(
            number: bytes.loadLittle(at: 12, as: UInt32.self), salt: bytes.loadLittle(at: 16, as: UInt64.self),
            created: bytes.loadLittle(at: 24, as: UInt32.self))
        guard header.number == number else { throw .unusable("belongs to segment \(header.number)") }
        header.number = number
        var summary = SegmentSummary(header: header)
        summary.logEnd = Int(clamping: bytes.loadLittle(at: 32, as: UInt64.self))
        summary.held = ItemCounts(
            spans: bytes.loadLittle(at: 64, as: UInt64.self), points: bytes.loadLittle(at: 72, as: UInt64.self),
            logs: bytes.loadLittle(at: 80, as: UInt64.self))
        summary.firstReceivedAt = bytes.loadLittle(at: 88, as: UInt64.self)
        summary.lastReceivedAt = bytes.loadLittle(at: 96, as: UInt64.self)
        frameCount = Int(bytes.loadLittle(at: 40, as: UInt32.self))
        pairs = Int(bytes.loadLittle(at: 44, as: UInt32.self))
        traces = try Self.section(.traces, bytes, from: metaEnd)
        tokens = try Self.section(.tokens, bytes, from: metaEnd)
        red = try Self.section(.summary, bytes, from: metaEnd)
        outlineSection = try Self.section(.outlines, bytes, from: metaEnd)
        guard traces.bits <= 24, traces.length == ((1 << traces.bits) + 1) * 4 + pairs * IndexFile.pairLength,
            tokens.bits <= TokenTable.maximumBits, tokens.length >= ((1 << tokens.bits) + 1) * 4,
            frameCount * IndexFile.frameLength <= Int(metaLength)
        else { throw .unusable("lengths differ") }
        // Behind the checksum only our own mistakes remain, but a mistake must not become a read out of bounds.
        var position = IndexFile.headerLength + frameCount * IndexFile.frameLength
        spreadCount = Int(bytes.loadLittle(at: 60, as: UInt32.self))
        guard spreadCount * 4 <= metaEnd - position else { throw .unusable("lengths differ") }
        position += spreadCount * 4
        var services = ServiceCatalogue()
        for _ in 0..<bytes.loadLittle(at: 48, as: UInt32.self) {
            guard metaEnd - position >= 18 else { throw .unusable("services are cut") }
            let length = Int(bytes.loadLittle(at: position + 16, as: UInt16.self))
            guard metaEnd - position - 18 >= length else { throw .unusable("services are cut") }
            services.add(
                String(decoding: bytes[position + 18..<position + 18 + length], as: UTF8.self),
                spans: bytes.loadLittle(at: position, as: UInt64.self),
                at: bytes.loadLittle(at: position + 8, as: UInt64.self))
            position += 18 + length
        }
        sendersAt = position
        senderCount = Int(bytes.loadLittle(at: 52, as: UInt32.self))
        recentCount = Int(bytes.loadLittle(at: 56, as: UInt32.self))
        self.metaEnd = metaEnd
        hash = TraceHash(salt: header.salt)
        self.services = services
        self.summary = summary
        fileBytes = bytes.count
        mapping = bytes
        var (some, all) = (FrameSet(count: frameCount), FrameSet(count: frameCount))
        let section = UnsafeRawBufferPointer(rebasing: bytes[tokens.offset..<tokens.offset + tokens.length])
        TokenTable.find(FrameTokens.anything, in: section, bits: tokens.bits, marking: &some, &all)
        var opaque: [Int] = []
        some.forEach { opaque.append($0) }
        self.opaque = opaque
        accepted = true
    }

    private static func section(
        _ kind: IndexFile.Section.Kind, _ bytes: UnsafeRawBufferPointer, from start: Int
    ) throws(Refusal) -> IndexFile.Section {
        let place = IndexFile.Section.place(kind)
        let offset = bytes.loadLittle(at: place, as: UInt64.self)
        let length = bytes.loadLittle(at: place + 8, as: UInt64.self)
        // Files of before there were outlines have no place for them.
        if kind == .outlines, offset == 0, length == 0 { return IndexFile.Section() }
        guard offset >= UInt64(start), offset <= UInt64(bytes.count), length <= UInt64(bytes.count) - offset else {
            throw .unusable("a section is cut")
        }
        return IndexFile.Section(
            offset: Int(offset), length: Int(length), checksum: bytes.loadLittle(at: place + 16, as: UInt32.self),
            bits: Int(bytes.loadLittle(at: place + 20, as: UInt32.self)))
    }

    private func bytes(of section: IndexFile.Section) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: mapping[section.offset..<section.offset + section.length])
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count) }

    func frame(_ ordinal: Int) -> FrameRef {
        let offset = IndexFile.headerLength + ordinal * IndexFile.frameLength
        precondition(ordinal >= 0 && ordinal < frameCount, "frame outside the segment")
        return FrameRef(
            offset: mapping.loadLittle(at: offset, as: UInt64.self),
            stored: mapping.loadLittle(at: offset + 8, as: UInt32.self),
            raw: mapping.loadLittle(at: offset + 12, as: UInt32.self))
    }

    /// The frames with spans of `id`, in rising order. Reads two or three cache lines.
    func frames(of id: TraceID) -> [UInt32] {
        guard filter.withLock({ $0?.mayContain(id) ?? true }) else { return [] }
        let bucket = traces.offset + TraceHash.bucket(hash(id), bits: traces.bits) * 4
        // The table's own checksum may not have been compared yet, hence the clamps.
        let start = min(Int(mapping.loadLittle(at: bucket, as: UInt32.self)), pairs)
        let end = min(Int(mapping.loadLittle(at: bucket + 4, as: UInt32.self)), pairs)
        let table = traces.offset + ((1 << traces.bits) + 1) * 4
        var result: [UInt32] = []
        var index = start
        while index < end {
            let pair = table + index * IndexFile.pairLength
            index += 1
            guard mapping.loadLittle(at: pair, as: UInt64.self) == id.high,
                mapping.loadLittle(at: pair + 8, as: UInt64.self) == id.low
            else { continue }
            let frame = mapping.loadLittle(at: pair + 16, as: UInt32.self)
            if frame < UInt32(frameCount) { result.append(frame) }
        }
        result.reverse()
        return result
    }

    func times(_ ordinal: Int) -> FrameTimes {
        let offset = IndexFile.headerLength + ordinal * IndexFile.frameLength
        precondition(ordinal >= 0 && ordinal < frameCount, "frame outside the segment")
        return FrameTimes(
            spans: mapping.loadLittle(at: offset + 16, as: UInt32.self),
            minStart: mapping.loadLittle(at: offset + 24, as: UInt64.self),
            maxStart: mapping.loadLittle(at: offset + 32, as: UInt64.self))
    }

    /// Begins to read the table of tokens.
    func willFindMany() { willRead(bytes(of: tokens)) }

    /// Marks the frames with spans that have the token, and those of which all spans have it.
    func find(_ token: UInt64, marking some: inout FrameSet, _ all: inout FrameSet) {
        TokenTable.find(token, in: bytes(of: tokens), bits: tokens.bits, marking: &some, &all)
        for frame in opaque { some.insert(frame) }
    }

    /// The bytes of `IndexFile.Content.summary`.
    func withSummary<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        willRead(bytes(of: red))
        return try body(bytes(of: red).bindMemory(to: UInt8.self).span)
    }

    /// Calls `body` with the outlines of its traces; nil where there are none, or damaged ones.
    func withOutlines<R>(_ body: (OutlineTable) -> R) -> R? {
        guard outlineSection.length > 0 else { return nil }
        let bytes = bytes(of: outlineSection)
        willRead(bytes)
        let known = areOutlinesIntact.withLock { $0 }
        let isIntact = known ?? (checksum(bytes) == outlineSection.checksum)
        if known == nil { areOutlinesIntact.withLock { $0 = isIntact } }
        return isIntact ? OutlineTable(bytes).map(body) : nil
    }

    /// Calls `body` with the hashes of the traces that earlier segments hold spans of; false where they are not known.
    func forEachSpreadTrace(_ body: (UInt32) -> Void) -> Bool {
        guard outlineSection.length > 0 else { return false }
        let start = IndexFile.headerLength + frameCount * IndexFile.frameLength
        for index in 0..<spreadCount { body(mapping.loadLittle(at: start + index * 4, as: UInt32.self)) }
        return true
    }

    /// Calls `body` with each pair's trace; one that lies in several frames comes several times.
    /// Reads the table of traces once, so that most lookups of traces that are elsewhere need not. Ten bits a trace. False, and
    /// nothing learned, where the table is damaged.
    func learnTraces() -> Bool {
        willRead(bytes(of: traces))
        guard checksum(bytes(of: traces)) == traces.checksum else { return false }
        var made = TraceFilter(capacity: pairs)
        forEachTrace { made.insert($0) }
        filter.withLock { $0 = made }
        return true
    }

    func forEachTrace(_ body: (TraceID) -> Void) {
        willRead(bytes(of: traces))
        let table = traces.offset + ((1 << traces.bits) + 1) * 4
        for index in 0..<pairs {
            let pair = table + index * IndexFile.pairLength
            body(
                TraceID(
                    high: mapping.loadLittle(at: pair, as: UInt64.self),
                    low: mapping.loadLittle(at: pair + 8, as: UInt64.self)))
        }
    }

    /// - Parameter pause: called after each stretch, for whoever reads the same disk.
    func areTablesIntact(pause: () -> Void = {}) -> Bool {
        [traces, tokens, red, outlineSection].allSatisfy { section in
            let bytes = bytes(of: section)
            var sum: UInt32 = 0
            var offset = 0
            while offset < bytes.count {
                if offset > 0 { pause() }
                let end = min(bytes.count, offset + Self.stretch)
                let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
                willRead(part)
                sum = checksum(part, continuing: sum)
                offset = end
            }
            return sum == section.checksum
        }
    }

    private static let stretch = 256 << 10

    /// The file's bytes without these traces in the list of recent ones; nil where none of them is in it.
    func bytes(withoutRecent ids: Set<TraceID>) -> [UInt8]? {
        let first = metaEnd - recentCount * 16
        guard recentCount > 0, first >= sendersAt else { return nil }
        var places: [Int] = []
        for place in stride(from: first, to: metaEnd, by: 16) {
            let id = TraceID(
                high: mapping.loadLittle(at: place, as: UInt64.self),
                low: mapping.loadLittle(at: place + 8, as: UInt64.self))
            if ids.contains(id) { places.append(place) }
        }
        if places.isEmpty { return nil }
        var bytes = Array(mapping)
        bytes.withUnsafeMutableBytes { bytes in
            for place in places {
                bytes.storeLittle(0 as UInt64, at: place)
                bytes.storeLittle(0 as UInt64, at: place + 8)
            }
            let head = checksum(UnsafeRawBufferPointer(rebasing: bytes[..<IndexFile.checksumPlace]))
            let meta = UnsafeRawBufferPointer(rebasing: bytes[IndexFile.headerLength..<metaEnd])
            bytes.storeLittle(checksum(meta, continuing: head), at: IndexFile.checksumPlace)
        }
        return bytes
    }

    /// The senders' windows at the time of the seal, and the traces that had appeared last, oldest first.
    func snapshot() -> (senders: [(SenderID, SenderWindows.Window)], recent: [TraceID]) {
        var senders: [(SenderID, SenderWindows.Window)] = []
        var position = sendersAt
        for _ in 0..<senderCount {
            guard metaEnd - position >= 28 else { break }
            let id = SenderID(
                high: mapping.loadLittle(at: position, as: UInt64.self),
                low: mapping.loadLittle(at: position + 8, as: UInt64.self))
            let lastSeen = mapping.loadLittle(at: position + 16, as: UInt64.self)
            let count = Int(mapping.loadLittle(at: position + 24, as: UInt32.self))
            position += 28
            guard (metaEnd - position) / 16 >= count else { break }
            let ranges = (0..<count).map { index in
                SequenceRanges.Range(
                    first: mapping.loadLittle(at: position + index * 16, as: UInt64.self),
                    last: mapping.loadLittle(at: position + index * 16 + 8, as: UInt64.self))
            }
            position += count * 16
            guard let numbers = SequenceRanges(validating: ranges) else { continue }
            senders.append((id, SenderWindows.Window(numbers: numbers, lastSeen: lastSeen)))
        }
        var recent: [TraceID] = []
        for _ in 0..<recentCount {
            guard metaEnd - position >= 16 else { break }
            let id = TraceID(
                high: mapping.loadLittle(at: position, as: UInt64.self),
                low: mapping.loadLittle(at: position + 8, as: UInt64.self))
            // One that was erased is nothing but zeros.
            if id.high != 0 || id.low != 0 { recent.append(id) }
            position += 16
        }
        return (senders, recent)
    }
}
