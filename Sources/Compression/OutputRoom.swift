extension [UInt8] {
    /// Lends up to `capacity` bytes of uninitialised room behind the last element to `fill`, which returns how many of
    /// them it wrote. They become elements; no byte is zeroed or copied first.
    mutating func appendUninitialized(
        upTo capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(CompressionError) -> Int
    ) throws(CompressionError) {
        try append(addingCapacity: capacity) { (room: inout OutputSpan<UInt8>) throws(CompressionError) in
            try room.withUnsafeMutableBufferPointer { buffer, count throws(CompressionError) in
                count = try fill(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<capacity]))
            }
        }
    }
}
