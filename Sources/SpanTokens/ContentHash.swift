/// Hashes content without a salt: tells copies in different segments, and in different processes, apart. Four lanes, since whole
/// spans come here.
enum ContentHash {
    enum Purpose: UInt64 {
        case resource = 1
        case scope
        case span
    }

    static func join(_ left: UInt64, _ right: UInt64, _ purpose: Purpose) -> UInt64 {
        TokenHash.mix(left ^ keys.0, right ^ keys.1 ^ purpose.rawValue &* 0x9E37_79B9_7F4A_7C15)
    }

    private static let keys: (UInt64, UInt64, UInt64, UInt64) = (
        0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB, 0x8EBC_6AF0_9C88_C6E3, 0x5899_65CC_7537_4CC3
    )

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var lanes = keys
        var offset = 0
        let count = bytes.count
        while count &- offset >= 64 {
            lanes.0 = TokenHash.mix(word(bytes, offset) ^ keys.0, word(bytes, offset &+ 8) ^ lanes.0)
            lanes.1 = TokenHash.mix(word(bytes, offset &+ 16) ^ keys.1, word(bytes, offset &+ 24) ^ lanes.1)
            lanes.2 = TokenHash.mix(word(bytes, offset &+ 32) ^ keys.2, word(bytes, offset &+ 40) ^ lanes.2)
            lanes.3 = TokenHash.mix(word(bytes, offset &+ 48) ^ keys.3, word(bytes, offset &+ 56) ^ lanes.3)
            offset &+= 64
        }
        while count &- offset >= 8 {
            lanes.0 = TokenHash.mix(word(bytes, offset) ^ keys.0, lanes.0 ^ keys.1)
            offset &+= 8
        }
        var rest: UInt64 = 0
        while offset < count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset &+= 1
        }
        lanes.0 = TokenHash.mix(rest ^ keys.2, lanes.0 ^ keys.3 ^ UInt64(count))
        return TokenHash.mix(lanes.0 ^ lanes.1, lanes.2 ^ lanes.3 ^ keys.1)
    }

    /// All loads lie within the bytes: the caller has seen that there are so many.
    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
