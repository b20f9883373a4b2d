/// Hashing and comparing of short texts, eight bytes at a time.
enum TextHash {
    /// Differs from process to process, so that nobody outside can choose texts that collide. Nothing that leaves the process
    /// may depend on it.
    private static let seed = UInt64.random(in: .min ... .max)

    static func hash(_ bytes: Span<UInt8>) -> UInt64 { hash(bytes, seed: seed) }

    /// The same in every process for the same seed.
    static func hash(_ bytes: Span<UInt8>, seed: UInt64) -> UInt64 {
        bytes.withUnsafeBytes { buffer in
            var state = mix(seed ^ 0x9E37_79B9_7F4A_7C15, UInt64(buffer.count) ^ 0xD6E8_FEB8_6659_FD93)
            var offset = 0
            while offset + 8 <= buffer.count {
                let word = UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                state = mix(state ^ word, seed ^ 0xA076_1D64_78BD_642F)
                offset += 8
            }
            var tail: UInt64 = 0
            while offset < buffer.count {
                tail = tail << 8 | UInt64(buffer[offset])
                offset += 1
            }
            return mix(state ^ tail, seed ^ 0xE703_7ED1_A0B4_28DB)
        }
    }

    /// The two halves of the product, folded.
    @inline(__always)
    static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                var offset = 0
                while offset + 8 <= left.count {
                    guard
                        left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                            == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    else { return false }
                    offset += 8
                }
                while offset < left.count {
                    guard left[offset] == right[offset] else { return false }
                    offset += 1
                }
                return true
            }
        }
    }
}
