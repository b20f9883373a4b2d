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
}
