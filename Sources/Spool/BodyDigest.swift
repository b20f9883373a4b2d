import Files

/// A 64-bit digest of a record's body: tells that it is undamaged, and that it is the one that came before.
///
/// Two words are folded at a time by one multiplication whose halves are put together again; four such chains run side by
/// side, as one alone would wait for each product. It is no cryptographic hash: whoever can send to the sidecar can make two
/// messages of one digest, and harm only his own.
enum BodyDigest {
    private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let second: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let third: UInt64 = 0x1656_67B1_9E37_79F9
    private static let fourth: UInt64 = 0x27D4_EB2F_1656_67C5

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        guard let base = bytes.baseAddress else { return fold(first, second) }
        var (a, b, c, d) = (UInt64(count) &* first, second, third, fourth)
        var offset = 0
        // The loops' conditions keep all loads inside the buffer.
        while offset &+ 64 <= count {
            a = fold(word(base, offset) ^ a ^ first, word(base, offset &+ 8) ^ second)
            b = fold(word(base, offset &+ 16) ^ b ^ second, word(base, offset &+ 24) ^ third)
            c = fold(word(base, offset &+ 32) ^ c ^ third, word(base, offset &+ 40) ^ fourth)
            d = fold(word(base, offset &+ 48) ^ d ^ fourth, word(base, offset &+ 56) ^ first)
            offset &+= 64
        }
        while offset &+ 16 <= count {
            a = fold(word(base, offset) ^ a ^ first, word(base, offset &+ 8) ^ second)
            offset &+= 16
        }
        var tail: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &tail) { tail in
            tail.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        }
        a = fold(UInt64(littleEndian: tail.0) ^ a ^ first, UInt64(littleEndian: tail.1) ^ second)
        return fold(fold(a ^ third, b ^ fourth) ^ first, fold(c ^ first, d ^ second) ^ third)
    }

    @inline(__always)
    private static func word(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        // The words are added as well, so that a factor of zero does not swallow the other.
        return product.high ^ product.low &+ (a ^ b)
    }
}
