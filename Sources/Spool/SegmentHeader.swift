import Files

/// The first 160 bytes of a segment file: the same 80 twice, so that damage to one of them costs nothing. Integers are
/// little endian.
///
///     0 magic "HMSSPOOL"   8 version:u32   12 check:u32 (CRC-32C of 16..<80)   16 number:u64   24 sender:16 bytes
///     40 salt:u64   48 totalBefore:u64   56 firstBatch:u64   64 staleThrough:u64   72 zero:u64
struct SegmentHeader: Equatable {
    static let length = 2 * copyLength
    private static let copyLength = 80
    static let version: UInt32 = 1
    private static let magic = Array("HMSSPOOL".utf8)

    var number: UInt64
    /// Names the lane to the collector; stands in each segment, so that it outlives a damaged state file.
    var sender: SenderID
    /// Random for each segment: record headers are checked with it, so that bytes of an older file, or bytes that a sender
    /// chose, are never taken for a record.
    var salt: UInt64
    /// Items that the lane had accepted before this segment.
    var totalBefore: UInt64
    /// No record of this segment belongs to an earlier batch.
    var firstBatch: UInt64
    /// The file was another segment's before, and up to here holds that one's bytes where nothing new was written.
    var staleThrough: UInt64 = 0

    var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.appendLittle(Self.version)
        bytes.appendLittle(UInt32(0))
        bytes.appendLittle(number)
        bytes.appendLittle(sender.high)
        bytes.appendLittle(sender.low)
        bytes.appendLittle(salt)
        bytes.appendLittle(totalBefore)
        bytes.appendLittle(firstBatch)
        bytes.appendLittle(staleThrough)
        bytes.appendLittle(UInt64(0))
        let check = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[16...])) }
        bytes.storeLittle(check, at: 12)
        return bytes + bytes
    }
}

extension SegmentHeader {
    /// Nil unless the bytes begin with a header of a version that is known, and one of its copies is intact.
    init?(_ bytes: [UInt8]) {
        let copies = [bytes, Array(bytes.dropFirst(Self.copyLength))]
        guard let intact = copies.lazy.compactMap({ Self(copy: $0) }).first else { return nil }
        self = intact
    }

    private init?(copy bytes: [UInt8]) {
        guard bytes.count >= Self.copyLength, bytes.starts(with: Self.magic),
            bytes.loadLittle(at: 8, as: UInt32.self) == Self.version
        else { return nil }
        let check = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[16..<Self.copyLength])) }
        guard check == bytes.loadLittle(at: 12, as: UInt32.self) else { return nil }
        number = bytes.loadLittle(at: 16, as: UInt64.self)
        sender = SenderID(
            high: bytes.loadLittle(at: 24, as: UInt64.self), low: bytes.loadLittle(at: 32, as: UInt64.self))
        salt = bytes.loadLittle(at: 40, as: UInt64.self)
        totalBefore = bytes.loadLittle(at: 48, as: UInt64.self)
        firstBatch = bytes.loadLittle(at: 56, as: UInt64.self)
        staleThrough = bytes.loadLittle(at: 64, as: UInt64.self)
    }
}
