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
}

extension UnsafeRawBufferPointer {
    /// Traps outside the buffer: callers compare lengths first.
    package func loadLittle<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        precondition(offset >= 0 && offset <= count - MemoryLayout<T>.size, "load outside the buffer")
        return T(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
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
