import Files

/// The first 32 bytes of a log. See docs/segment-format.md.
///
///     log    := header frame*
///     header := "HMSLOG\r\n" version:u32 number:u32 salt:u64 created_s:u32 crc32c:u32      (integers little endian)
struct SegmentHeader: Equatable, Sendable {
    static let length = 32
    static let version: UInt32 = 1
    private static let magic = Array("HMSLOG\r\n".utf8)

    var number: UInt32
    /// Random. Every frame repeats it, so that bytes a sender chose can never be taken for a frame, and it seeds the hash
    /// of the trace table, so that nobody can choose ids that collide.
    var salt: UInt64
    /// Unix seconds.
    var created: UInt32

    var bytes: [UInt8] {
        var result = Self.magic
        result.appendLittle(Self.version)
        result.appendLittle(number)
        result.appendLittle(salt)
        result.appendLittle(created)
        result.appendLittle(result.withUnsafeBytes { checksum($0) })
        return result
    }

    init(number: UInt32, salt: UInt64, created: UInt32) {
        self.number = number
        self.salt = salt
        self.created = created
    }

    /// Nil unless `bytes` begins with an undamaged header of a version this program knows.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.length, bytes.starts(with: Self.magic),
            bytes.loadLittle(at: 8, as: UInt32.self) == Self.version,
            bytes.loadLittle(at: 28, as: UInt32.self)
                == bytes.withUnsafeBytes({ checksum(UnsafeRawBufferPointer(rebasing: $0[..<28])) })
        else { return nil }
        number = bytes.loadLittle(at: 12, as: UInt32.self)
        salt = bytes.loadLittle(at: 16, as: UInt64.self)
        created = bytes.loadLittle(at: 24, as: UInt32.self)
    }
}
