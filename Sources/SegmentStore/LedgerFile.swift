import Files
import Glibc

/// The layout of `ledger`, integers little endian. See docs/segment-format.md.
///
///     ledger  := "HMSLDG\r\n" version:u32 crc32c:u32 body                     (the checksum is the body's)
///     body    := segment:u32 frame:u32 segments:u32 reasons:u32 senders:u32 zero:u32
///                stored:counts duplicates:counts deleted:counts
///                held{segments} reason{reasons} sender{senders}
///     counts  := spans:u64 points:u64 logs:u64
///     held    := number:u32 replacing:u32 counts       (lower half of a new log's salt while that is made; else 0)
///     reason  := counts length:u16 name
///     sender  := id:16 bytes lastSeen:u64 stored:counts duplicates:counts ranges:u32 zero:u32 { first:u64 last:u64 }
enum LedgerFile {
    static let name = "ledger"
    static let magic = Array("HMSLDG\r\n".utf8)
    static let version: UInt32 = 1
    static let headerLength = 16
    private static let maxBytes = 64 << 20

    struct Refusal: Error { let reason: String }

    static func encode(_ ledger: borrowing StoreLedger) -> [UInt8] {
        let senders = ledger.windows.senders
        var bytes = magic
        bytes.reserveCapacity(256 + ledger.segments.count * 32 + senders.count * 96 + ledger.windows.rangeCount * 16)
        bytes.appendLittle(version)
        bytes.appendLittle(UInt32(0))
        bytes.appendLittle(ledger.position.segment)
        bytes.appendLittle(ledger.position.frame)
        for count in [ledger.segments.count, ledger.rejected.count, senders.count, 0] {
            bytes.appendLittle(UInt32(count))
        }
        bytes.append(ledger.stored)
        bytes.append(ledger.duplicates)
        bytes.append(ledger.deleted)
        for (number, counts) in ledger.segments {
            bytes.appendLittle(number)
            bytes.appendLittle(ledger.replacing[number] ?? 0)
            bytes.append(counts)
        }
        for (reason, counts) in ledger.rejected {
            bytes.append(counts)
            let name = reason.utf8.prefix(Int(UInt16.max))
            bytes.appendLittle(UInt16(name.count))
            bytes.append(contentsOf: name)
        }
        for (sender, window) in senders {
            bytes.appendLittle(sender.high)
            bytes.appendLittle(sender.low)
            bytes.appendLittle(window.lastSeen)
            bytes.append(window.stored)
            bytes.append(window.duplicates)
            bytes.appendLittle(UInt32(window.numbers.ranges.count))
            bytes.appendLittle(UInt32(0))
            for range in window.numbers.ranges {
                bytes.appendLittle(range.first)
                bytes.appendLittle(range.last)
            }
        }
        let crc = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[headerLength...])) }
        bytes.storeLittle(crc, at: 12)
        return bytes
    }

    /// Nil when there is no file.
    static func read(_ path: String, options: StoreOptions) throws(Refusal) -> StoreLedger? {
        var bytes: [UInt8] = []
        do throws(StorageFailure) {
            let file = try ReadFile(path)
            let size = try file.size()
            guard size <= maxBytes else { throw StorageFailure("reading", path, code: EFBIG) }
            try file.read(size, at: 0, into: &bytes)
        } catch {
            if error.code == ENOENT { return nil }
            throw Refusal(reason: error.description)
        }
        return try decode(bytes, options: options)
    }

    static func decode(_ bytes: [UInt8], options: StoreOptions) throws(Refusal) -> StoreLedger {
        guard bytes.count >= headerLength, bytes.starts(with: magic),
            bytes.loadLittle(at: 8, as: UInt32.self) == version
        else { throw Refusal(reason: "it is not a ledger of version \(version)") }
        let crc = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[headerLength...])) }
        guard crc == bytes.loadLittle(at: 12, as: UInt32.self) else { throw Refusal(reason: "its checksum differs") }
        // Behind the checksum only our own mistakes remain, but a mistake must not become a read out of bounds.
        var reader = LedgerReader(bytes: bytes, position: headerLength)
        let position = RecordPosition(segment: try reader.next(), frame: try reader.next())
        let counts: (segments: UInt32, reasons: UInt32, senders: UInt32, zero: UInt32) =
            (try reader.next(), try reader.next(), try reader.next(), try reader.next())
        let (stored, duplicates, deleted) = (try reader.counts(), try reader.counts(), try reader.counts())
        var segments: [UInt32: ItemCounts] = [:]
        var replacing: [UInt32: UInt32] = [:]
        for _ in 0..<counts.segments {
            let number: UInt32 = try reader.next()
            let salt: UInt32 = try reader.next()
            if salt != 0 { replacing[number] = salt }
            segments[number] = try reader.counts()
        }
        var rejected: [String: ItemCounts] = [:]
        for _ in 0..<counts.reasons {
            let items = try reader.counts()
            rejected[try reader.text()] = items
        }
        var senders: [(SenderID, SenderWindows.Window)] = []
        for _ in 0..<counts.senders { senders.append(try sender(&reader)) }
        var windows = SenderWindows(options)
        windows.restore(senders)
        return StoreLedger(
            position: position, stored: stored, duplicates: duplicates, deleted: deleted, segments: segments,
            replacing: replacing, rejected: rejected, windows: windows)
    }

    private static func sender(_ reader: inout LedgerReader) throws(Refusal) -> (SenderID, SenderWindows.Window) {
        let id = SenderID(high: try reader.next(), low: try reader.next())
        var window = SenderWindows.Window()
        window.lastSeen = try reader.next()
        window.stored = try reader.counts()
        window.duplicates = try reader.counts()
        let count: UInt32 = try reader.next()
        let _: UInt32 = try reader.next()
        var ranges: [SequenceRanges.Range] = []
        for _ in 0..<count { ranges.append(.init(first: try reader.next(), last: try reader.next())) }
        guard let numbers = SequenceRanges(validating: ranges) else {
            throw Refusal(reason: "a sender's ranges do not ascend")
        }
        window.numbers = numbers
        return (id, window)
    }
}

/// Takes integers out of a ledger's bytes, one behind the other.
private struct LedgerReader {
    let bytes: [UInt8]
    var position: Int

    mutating func next<T: FixedWidthInteger & BitwiseCopyable>() throws(LedgerFile.Refusal) -> T {
        guard bytes.count - position >= MemoryLayout<T>.size else { throw LedgerFile.Refusal(reason: "it is cut") }
        defer { position += MemoryLayout<T>.size }
        return bytes.loadLittle(at: position, as: T.self)
    }

    mutating func counts() throws(LedgerFile.Refusal) -> ItemCounts {
        ItemCounts(spans: try next(), points: try next(), logs: try next())
    }

    mutating func text() throws(LedgerFile.Refusal) -> String {
        let length: UInt16 = try next()
        guard bytes.count - position >= Int(length) else { throw LedgerFile.Refusal(reason: "it is cut") }
        defer { position += Int(length) }
        return String(decoding: bytes[position..<position + Int(length)], as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ counts: ItemCounts) {
        appendLittle(counts.spans)
        appendLittle(counts.points)
        appendLittle(counts.logs)
    }
}
