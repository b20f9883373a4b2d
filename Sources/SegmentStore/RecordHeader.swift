import Files
import WireFormat

/// What stands before each record inside a frame's raw content: 44 bytes, integers little endian.
///
///     0 kind:u8   1 flags:u8 (bit 0: has a sender)   2 zero:u16   4 length:u32   8 items:u32
///     12 sequence:u64   20 receivedAt:u64   28 sender:16 bytes (high u64, low u64; zero without one)
struct RecordHeader {
    static let length = 44
    static let hasSender: UInt8 = 1

    var kind: SignalKind
    var sender: SenderID?
    var sequence: UInt64
    var receivedAt: UInt64
    var items: UInt32
    var bodyLength: Int

    init(_ record: borrowing IngestRecord) {
        kind = record.kind
        sender = record.sender
        sequence = record.sequence
        receivedAt = record.receivedAt
        items = UInt32(clamping: record.items)
        bodyLength = record.body.count
    }

    /// Nil unless a whole record of a known kind begins at `offset`.
    init?(_ raw: UnsafeRawBufferPointer, at offset: Int) {
        guard raw.count - offset >= Self.length,
            let kind = SignalKind(rawValue: raw.loadLittle(at: offset, as: UInt8.self))
        else { return nil }
        self.kind = kind
        bodyLength = Int(raw.loadLittle(at: offset + 4, as: UInt32.self))
        guard bodyLength <= raw.count - offset - Self.length else { return nil }
        items = raw.loadLittle(at: offset + 8, as: UInt32.self)
        sequence = raw.loadLittle(at: offset + 12, as: UInt64.self)
        receivedAt = raw.loadLittle(at: offset + 20, as: UInt64.self)
        if raw.loadLittle(at: offset + 1, as: UInt8.self) & Self.hasSender != 0 {
            sender = SenderID(
                high: raw.loadLittle(at: offset + 28, as: UInt64.self),
                low: raw.loadLittle(at: offset + 36, as: UInt64.self))
        }
    }

    func append(to raw: inout [UInt8]) {
        raw.append(kind.rawValue)
        raw.append(sender == nil ? 0 : Self.hasSender)
        raw.appendLittle(UInt16(0))
        raw.appendLittle(UInt32(bodyLength))
        raw.appendLittle(items)
        raw.appendLittle(sequence)
        raw.appendLittle(receivedAt)
        raw.appendLittle(sender?.high ?? 0)
        raw.appendLittle(sender?.low ?? 0)
    }
}

/// Calls `body` with each record of a frame's raw content and where its bytes are, until it returns false.
/// Returns false when the content does not end with the end of a record.
@discardableResult
func walkRecords(
    in raw: UnsafeRawBufferPointer, _ body: (RecordHeader, UnsafeRawBufferPointer) -> Bool
) -> Bool {
    var offset = 0
    while offset < raw.count {
        guard let header = RecordHeader(raw, at: offset) else { return false }
        let start = offset + RecordHeader.length
        offset = start + header.bodyLength
        guard body(header, UnsafeRawBufferPointer(rebasing: raw[start..<offset])) else { return true }
    }
    return true
}
