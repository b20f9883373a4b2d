import Files

/// What stands before each zstd frame of a log: 64 bytes, integers little endian.
///
///      0 magic:u32 "HMSF"    4 crc32c:u32 of bytes 8..<64 and the payload    8 salt:u64 of the segment
///     16 stored:u32          20 raw:u32         24 records:u32     28 ordinal:u32 within the segment
///     32 spans:u32           36 points:u32      40 logs:u32        44 flags:u32 (bit 0: last frame of its commit)
///     48 first receivedAt:u64                   56 last receivedAt:u64
struct FrameHeader: Equatable, Sendable {
    static let length = 64
    static let magic: UInt32 = 0x4653_4D48
    static let endsCommit: UInt32 = 1
    /// Bounds on what a reader believes before it allocates.
    static let maxRawBytes = 64 << 20
    static let maxStoredBytes = 65 << 20

    var salt: UInt64
    var storedLength: UInt32 = 0
    var rawLength: UInt32 = 0
    var records: UInt32 = 0
    var ordinal: UInt32
    var spans: UInt32 = 0
    var points: UInt32 = 0
    var logs: UInt32 = 0
    var flags: UInt32 = 0
    var firstReceivedAt: UInt64 = .max
    var lastReceivedAt: UInt64 = 0

    init(salt: UInt64, ordinal: UInt32) {
        self.salt = salt
        self.ordinal = ordinal
    }

    /// Reads the fields and believes them as far as their bounds; the checksum is `isIntact`'s to compare.
    init?(_ bytes: UnsafeRawBufferPointer, salt: UInt64) {
        guard bytes.count >= Self.length, bytes.loadLittle(at: 0, as: UInt32.self) == Self.magic,
            bytes.loadLittle(at: 8, as: UInt64.self) == salt
        else { return nil }
        self.salt = salt
        storedLength = bytes.loadLittle(at: 16, as: UInt32.self)
        rawLength = bytes.loadLittle(at: 20, as: UInt32.self)
        records = bytes.loadLittle(at: 24, as: UInt32.self)
        ordinal = bytes.loadLittle(at: 28, as: UInt32.self)
        spans = bytes.loadLittle(at: 32, as: UInt32.self)
        points = bytes.loadLittle(at: 36, as: UInt32.self)
        logs = bytes.loadLittle(at: 40, as: UInt32.self)
        flags = bytes.loadLittle(at: 44, as: UInt32.self)
        firstReceivedAt = bytes.loadLittle(at: 48, as: UInt64.self)
        lastReceivedAt = bytes.loadLittle(at: 56, as: UInt64.self)
        guard storedLength <= UInt32(Self.maxStoredBytes), rawLength <= UInt32(Self.maxRawBytes) else { return nil }
    }

    var items: ItemCounts { ItemCounts(spans: UInt64(spans), points: UInt64(points), logs: UInt64(logs)) }

    /// Length of header and payload.
    var frameLength: Int { Self.length + Int(storedLength) }

    /// Writes the header over the 64 bytes kept for it at the front of `frame`, whose rest is the payload.
    func write(into frame: UnsafeMutableRawBufferPointer) {
        frame.storeLittle(Self.magic, at: 0)
        frame.storeLittle(salt, at: 8)
        frame.storeLittle(storedLength, at: 16)
        frame.storeLittle(rawLength, at: 20)
        frame.storeLittle(records, at: 24)
        frame.storeLittle(ordinal, at: 28)
        frame.storeLittle(spans, at: 32)
        frame.storeLittle(points, at: 36)
        frame.storeLittle(logs, at: 40)
        frame.storeLittle(flags, at: 44)
        frame.storeLittle(firstReceivedAt, at: 48)
        frame.storeLittle(lastReceivedAt, at: 56)
        frame.storeLittle(checksum(UnsafeRawBufferPointer(rebasing: frame[8...])), at: 4)
    }

    /// Whether `frame`, header and payload, is what was written.
    static func isIntact(_ frame: UnsafeRawBufferPointer) -> Bool {
        frame.count >= length
            && checksum(UnsafeRawBufferPointer(rebasing: frame[8...])) == frame.loadLittle(at: 4, as: UInt32.self)
    }
}
