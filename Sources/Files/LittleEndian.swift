/// Integers in the byte order of our files.
extension [UInt8] {
    package mutating func appendLittle(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    package mutating func storeLittle(_ value: some FixedWidthInteger, at offset: Int) {
        withUnsafeMutableBytes { $0.storeLittle(value, at: offset) }
    }

    package func loadLittle<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        withUnsafeBytes { $0.loadLittle(at: offset, as: type) }
    }

    /// Seven bits a byte, the low ones first.
    @inlinable @inline(__always)
    package mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}

extension UnsafeRawBufferPointer {
    /// Traps outside the buffer: callers compare lengths first.
    package func loadLittle<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        precondition(offset >= 0 && offset <= count - MemoryLayout<T>.size, "load outside the buffer")
        return T(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// A varint of at most `bits` bits, read no further than to `end`; nil where there is none.
    @inlinable @inline(__always)
    package func loadVarint(at position: inout Int, before end: Int, bits: UInt64 = 64) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < bits {
            let byte = self[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}

extension UnsafeMutableRawBufferPointer {
    package func storeLittle<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset <= count - MemoryLayout<T>.size, "store outside the buffer")
        Swift.withUnsafeBytes(of: value.littleEndian) { source in
            UnsafeMutableRawBufferPointer(rebasing: self[offset..<offset + source.count]).copyMemory(from: source)
        }
    }
}
