import CZlib

/// Compresses one gzip member at a time and keeps its tables (about 270 KB) between members.
package struct GzipCompressor: ~Copyable {
    /// On the heap, since zlib's state points back at it.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// `level` runs from 1, fast, to 9, small; others are clamped.
    package init(level: Int = 6) throws(CompressionError) {
        stream.initialize(to: z_stream())
        let result = deflateInit2_(
            stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, MAX_WBITS + ZlibFormat.gzipOnly, 8, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else {
            // deinit runs, as every stored property is set; deflateEnd refuses a state it did not make.
            throw .library(operation: "start a gzip compressor", reason: String(cString: zError(result)))
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Appends one member to `output`, written in place. As with zstd, the array then has capacity for the worst case.
    package mutating func compress(_ input: Span<UInt8>, into output: inout [UInt8]) throws(CompressionError) {
        let stream = stream
        guard input.count <= Int(UInt32.max / 2) else {
            throw .library(operation: "compress \(input.count) bytes with gzip", reason: "over 2 GiB at once")
        }
        try input.withUnsafeBufferPointer { input throws(CompressionError) in
            deflateReset(stream)
            let bound = Int(deflateBound(stream, UInt(input.count)))
            try output.appendUninitialized(upTo: bound) { room throws(CompressionError) in
                // zlib does not write through next_in.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(room.count)
                let result = deflate(stream, Z_FINISH)
                guard result == Z_STREAM_END else {
                    throw .library(
                        operation: "compress \(input.count) bytes with gzip", reason: String(cString: zError(result)))
                }
                return room.count - Int(stream.pointee.avail_out)
            }
        }
    }

    // MARK: in pieces

    /// Begins a member that `add` appends to `output`. As with zstd, room for the worst case is asked for at once.
    package mutating func begin(length: Int, into output: inout [UInt8]) {
        deflateReset(stream)
        output.reserveCapacity(output.count + Int(deflateBound(stream, UInt(length))))
    }

    /// Takes the next piece of the member; the last one ends it.
    package mutating func add(
        _ piece: Span<UInt8>, isLast: Bool, into output: inout [UInt8]
    ) throws(CompressionError) {
        let stream = stream
        try piece.withUnsafeBufferPointer { piece throws(CompressionError) in
            // zlib does not write through next_in.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress)
            stream.pointee.avail_in = UInt32(piece.count)
            var result = Z_OK
            repeat {
                let left = output.capacity - output.count
                let room = left > 0 ? left : Self.leastRoom
                try output.appendUninitialized(upTo: room) { room throws(CompressionError) in
                    stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    stream.pointee.avail_out = UInt32(clamping: room.count)
                    let granted = Int(stream.pointee.avail_out)
                    result = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    // Without progress it says Z_BUF_ERROR, which only asks for more room.
                    guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                        throw .library(
                            operation: "compress a piece of \(piece.count) bytes with gzip",
                            reason: String(cString: zError(result)))
                    }
                    return granted - Int(stream.pointee.avail_out)
                }
            } while stream.pointee.avail_in > 0 || isLast && result != Z_STREAM_END
        }
    }

    private static let leastRoom = 16 << 10
}
