import CZstd

/// Unpacks single frames of our own whose length is noted beside them, such as a segment's.
package struct ZstdDecompressor: ~Copyable {
    private let context = ZSTD_createDCtx()!  // nil only when out of memory

    package init() {}

    deinit { ZSTD_freeDCtx(context) }

    /// Appends the `rawLength` bytes of the frame to `output`. A frame whose header tells another length is refused before
    /// room is made for it. On an error `output` is as it was.
    package mutating func decompress(
        _ frame: Span<UInt8>, rawLength: Int, into output: inout [UInt8]
    ) throws(CompressionError) {
        let context = context
        try frame.withUnsafeBufferPointer { frame throws(CompressionError) in
            switch ZstdFrameLength(UnsafeRawBufferPointer(frame)) {
            case .invalid: throw .malformed(.zstd, reason: "no frame header")
            case .unknown: throw .wrongLength(expected: rawLength, found: nil)
            case .known(let length) where length != UInt64(clamping: rawLength):
                throw .wrongLength(expected: rawLength, found: length)
            case .known: break
            }
            try output.appendUninitialized(upTo: rawLength) { room throws(CompressionError) in
                let length = ZSTD_decompressDCtx(context, room.baseAddress, room.count, frame.baseAddress, frame.count)
                if ZSTD_isError(length) != 0 {
                    throw .malformed(.zstd, reason: String(cString: ZSTD_getErrorName(length)))
                }
                guard length == rawLength else { throw .wrongLength(expected: rawLength, found: UInt64(length)) }
                return length
            }
        }
    }
}
