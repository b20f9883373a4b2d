import CZstd

/// One zstd decompression context for bodies from outside, kept from body to body.
final class ZstdStream {
    /// RFC 9659: senders keep the window of zstd content within 8 MiB, and receivers may refuse a larger one.
    static let largestWindowLog: Int32 = 23
    /// A known length up to this many times the input's is believed at once, which saves the copy through the window.
    static let believableRatio = 64

    private let context = ZSTD_createDCtx()!  // nil only when out of memory

    init() {
        // A known parameter of a fresh context with a value in its bounds, hence no error to look at.
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindowLog)
    }

    deinit { ZSTD_freeDCtx(context) }

    /// What the context holds on to, a large window of the last body included.
    var memory: Int { ZSTD_sizeof_DCtx(context) }

    /// Unpacks `input`, which is one frame or more; skippable frames add nothing (RFC 8878, 3.1).
    func decode(
        _ input: UnsafeBufferPointer<UInt8>, room: inout BodyRoom, into output: inout [UInt8]
    ) throws(CompressionError) {
        ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        let context = context
        if let length = room.length {
            // Measured before, and so known to be whole: written at once, without a copy of the window.
            try room.next(in: &output, wanted: length) { room throws(CompressionError) in
                let written = ZSTD_decompressDCtx(
                    context, room.baseAddress, room.count, input.baseAddress, input.count)
                guard ZSTD_isError(written) == 0 else { throw Self.error(written) }
                return written
            }
            return
        }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var isBetweenFrames = true
        repeat {
            var wanted = BodyRoom.step
            if isBetweenFrames {
                let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(input)[source.pos...])
                wanted = max(wanted, try lengthToBelieve(ofFrameIn: rest, room))
            }
            let before = source.pos
            var result = 0
            var written = 0
            try room.next(in: &output, wanted: wanted) { room throws(CompressionError) in
                var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                result = ZSTD_decompressStream(context, &target, &source)
                written = target.pos
                return target.pos
            }
            if ZSTD_isError(result) != 0 { throw Self.error(result) }
            isBetweenFrames = result == 0
            guard isBetweenFrames || written > 0 || source.pos > before else { throw .truncated(.zstd) }
        } while source.pos < source.size || !isBetweenFrames
    }

    /// A length told by the frame that is over the limit is an error at once; a believable one is room worth making.
    private func lengthToBelieve(
        ofFrameIn rest: UnsafeRawBufferPointer, _ room: BodyRoom
    ) throws(CompressionError) -> Int {
        guard case .known(let length) = ZstdFrameLength(rest) else { return 0 }
        guard length <= UInt64(room.left) else { throw .tooLarge(limit: room.measured + room.left) }
        return length / UInt64(Self.believableRatio) <= UInt64(rest.count) ? Int(length) : 0
    }

    private static func error(_ result: Int) -> CompressionError {
        let code = ZSTD_getErrorCode(result)
        if code == ZSTD_error_frameParameter_windowTooLarge { return .windowTooLarge(limit: 1 << largestWindowLog) }
        if code == ZSTD_error_memory_allocation {
            return .library(operation: "decompress zstd", reason: "out of memory")
        }
        return .malformed(.zstd, reason: String(cString: ZSTD_getErrorName(result)))
    }
}
