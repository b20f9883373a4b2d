import CZstd

/// Compresses one frame at a time and keeps its tables between frames (about 0.6 MB at level 1, from the first frame on).
package struct ZstdCompressor: ~Copyable {
    private let context = ZSTD_createCCtx()!  // nil only when out of memory

    /// Levels outside what zstd knows are clamped by it. Frames carry their unpacked length and, when `checksum` is set,
    /// a checksum of it.
    package init(level: Int, checksum: Bool = false) {
        // Both are known parameters of a fresh context, hence no errors to look at.
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level))
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Appends one frame to `output`, written in place. The array then has capacity for the worst case, a little more than
    /// the input's length: copy the frame out when it is to be kept for long.
    package mutating func compress(_ input: Span<UInt8>, into output: inout [UInt8]) throws(CompressionError) {
        let context = context
        try input.withUnsafeBufferPointer { input throws(CompressionError) in
            try output.appendUninitialized(upTo: ZSTD_compressBound(input.count)) { room throws(CompressionError) in
                try checkZstd(
                    "compress \(input.count) bytes",
                    ZSTD_compress2(context, room.baseAddress, room.count, input.baseAddress, input.count))
            }
        }
    }

    // MARK: in pieces

    /// Begins a frame that `add` appends to `output`. Room for the worst case is asked for at once; what is not written of
    /// it costs no memory.
    package mutating func begin(length: Int, into output: inout [UInt8]) {
        ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        ZSTD_CCtx_setPledgedSrcSize(context, UInt64(length))
        output.reserveCapacity(output.count + ZSTD_compressBound(length))
    }

    /// Takes the next piece of the frame; the last one ends it.
    package mutating func add(
        _ piece: Span<UInt8>, isLast: Bool, into output: inout [UInt8]
    ) throws(CompressionError) {
        let context = context
        try piece.withUnsafeBufferPointer { piece throws(CompressionError) in
            var source = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
            var unwritten = 0
            repeat {
                let left = output.capacity - output.count
                let room = left > 0 ? left : ZSTD_CStreamOutSize()
                try output.appendUninitialized(upTo: room) { room throws(CompressionError) in
                    var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                    unwritten = try checkZstd(
                        "compress a piece of \(piece.count) bytes",
                        ZSTD_compressStream2(context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue))
                    return target.pos
                }
            } while source.pos < source.size || isLast && unwritten > 0
        }
    }
}
