import Files

/// What stands before each record: 48 bytes, integers little endian. Behind it come the message and then the note.
///
///     0 magic:u32 "HMSR"   4 check:u32 (CRC-32C of 8..<48, begun with the segment's salt)   8 messageLength:u32
///     12 noteLength:u32   16 items:u32   20 sampled:u32   24 batch:u64   32 total:u64   40 digest:u64 of message and note
struct RecordHeader: Equatable {
    static let length = 48
    static let magic: UInt32 = 0x5253_4D48
    /// More than any message can have; a header that claims more is no header.
    static let maxBodyLength = 1 << 30

    /// One OTLP message; empty in a record that only carries a note.
    var messageLength: Int
    /// What the door has to remember with this record, such as the sequence numbers of its datagrams.
    var noteLength: Int
    /// Spans, data points or log records of the message.
    var items: UInt32
    /// Those that sampling left out of it.
    var sampled: UInt32
    /// The batch that the message belongs to: records of one batch follow each other.
    var batch: UInt64
    /// Items that the lane has accepted so far, these and those left out included: what is missing after damage is told exactly.
    var total: UInt64
    var digest: UInt64

    /// Whether the record can stand behind one with that total, or behind some that are missing.
    func follows(total before: UInt64) -> Bool {
        let own = UInt64(items) + UInt64(sampled)
        return total >= own && total - own >= before
    }

    var bodyLength: Int { messageLength + noteLength }
    var recordLength: Int { Self.length + bodyLength }

    func store(into bytes: UnsafeMutableRawBufferPointer, at offset: Int, salt: UInt64) {
        bytes.storeLittle(Self.magic, at: offset)
        bytes.storeLittle(UInt32(messageLength), at: offset + 8)
        bytes.storeLittle(UInt32(noteLength), at: offset + 12)
        bytes.storeLittle(items, at: offset + 16)
        bytes.storeLittle(sampled, at: offset + 20)
        bytes.storeLittle(batch, at: offset + 24)
        bytes.storeLittle(total, at: offset + 32)
        bytes.storeLittle(digest, at: offset + 40)
        bytes.storeLittle(Self.check(UnsafeRawBufferPointer(bytes), offset, salt), at: offset + 4)
    }

    /// Nil unless an intact header begins at `offset`; its body may still be cut off or damaged.
    init?(_ bytes: UnsafeRawBufferPointer, at offset: Int, salt: UInt64) {
        guard offset >= 0, bytes.count - offset >= Self.length,
            bytes.loadLittle(at: offset, as: UInt32.self) == Self.magic,
            bytes.loadLittle(at: offset + 4, as: UInt32.self) == Self.check(bytes, offset, salt)
        else { return nil }
        messageLength = Int(bytes.loadLittle(at: offset + 8, as: UInt32.self))
        noteLength = Int(bytes.loadLittle(at: offset + 12, as: UInt32.self))
        guard messageLength <= Self.maxBodyLength, noteLength <= Self.maxBodyLength else { return nil }
        items = bytes.loadLittle(at: offset + 16, as: UInt32.self)
        sampled = bytes.loadLittle(at: offset + 20, as: UInt32.self)
        batch = bytes.loadLittle(at: offset + 24, as: UInt64.self)
        total = bytes.loadLittle(at: offset + 32, as: UInt64.self)
        digest = bytes.loadLittle(at: offset + 40, as: UInt64.self)
    }

    /// Batch and total are given when the record is written.
    init(messageLength: Int, noteLength: Int, items: UInt32, sampled: UInt32, digest: UInt64) {
        self.messageLength = messageLength
        self.noteLength = noteLength
        self.items = items
        self.sampled = sampled
        batch = 0
        total = 0
        self.digest = digest
    }

    private static func check(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ salt: UInt64) -> UInt32 {
        checksum(
            UnsafeRawBufferPointer(rebasing: bytes[offset + 8..<offset + length]),
            continuing: UInt32(truncatingIfNeeded: salt) ^ UInt32(truncatingIfNeeded: salt >> 32))
    }
}
