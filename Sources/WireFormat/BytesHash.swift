/// Hashes bytes to 64 bits: eight at a time, folded by multiplication. Who knows the seed can make two texts meet.
@inlinable
public func bytesHash(_ bytes: Span<UInt8>, seed: UInt64) -> UInt64 {
    let count = bytes.count
    var state = foldedProduct(seed ^ 0xA076_1D64_78BD_642F, UInt64(count) ^ 0xE703_7ED1_A0B4_28DB)
    var offset = 0
    let raw = bytes.bytes
    while count &- offset >= 16 {
        // The loop's condition keeps both loads inside the span.
        let left = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let right = raw.unsafeLoadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)
        state = foldedProduct(left.littleEndian ^ state, right.littleEndian ^ 0x8EBC_6AF0_9C88_C6E3)
        offset &+= 16
    }
    var left: UInt64 = 0
    if count &- offset >= 8 {
        left = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        offset &+= 8
    }
    var rest: UInt64 = 1
    while offset < count {
        rest = rest << 8 | UInt64(bytes[offset])
        offset &+= 1
    }
    return foldedProduct(left ^ state, rest ^ 0x5899_65CC_7537_4CC3)
}

/// The two halves of the 128-bit product, folded into one.
@inlinable
func foldedProduct(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
}
