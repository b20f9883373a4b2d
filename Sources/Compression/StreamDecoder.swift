import CZlib
import CZstd

/// Unpacks a stream of any length in steps of bounded size: gzip members or zstd frames, one behind the other. For files of
/// one's own choosing: windows up to 128 MiB are granted to zstd. Lives on one thread, hence not `Sendable`.
package final class StreamDecoder {
    /// At most this much comes out of one step.
    package static let stepBytes = 256 << 10
    private static let largestWindowLog: Int32 = 27

    private let encoding: ContentEncoding
    private let zstd: OpaquePointer?
    /// On the heap, since zlib's state points back at it.
    private let zlib: UnsafeMutablePointer<z_stream>?
    /// Between members or frames: the input may end here.
    package private(set) var isBetweenStreams = true

    /// - Parameter encoding: gzip or zstd; bytes of another are given on as they are.
    package init(_ encoding: ContentEncoding) throws(CompressionError) {
        self.encoding = encoding
        switch encoding {
        case .zstd:
            zlib = nil
            zstd = ZSTD_createDCtx()
            guard zstd != nil else {
                throw .library(operation: "start a zstd decompressor", reason: "out of memory")
            }
            // A known parameter of a fresh context with a value in its bounds, hence no error to look at.
            ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, Self.largestWindowLog)
        case .gzip:
            zstd = nil
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            zlib = stream
            let result = inflateInit2_(
                stream, ZlibFormat.gzip.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            guard result == Z_OK else {
                // deinit runs, as every stored property is set; inflateEnd refuses a state it did not make.
                throw .library(operation: "start a gzip decompressor", reason: String(cString: zError(result)))
            }
        case .identity, .deflate: (zstd, zlib) = (nil, nil)
        }
    }

    deinit {
        if let zstd { ZSTD_freeDCtx(zstd) }
        if let zlib {
            inflateEnd(zlib)
            zlib.deallocate()
        }
    }

    /// Unpacks a part of `input`, at most one step, appends it to `output`, and returns how many bytes of the input it was.
    /// To be called until the input is used up, and with an empty one at the end until nothing more comes.
    package func decode(_ input: Span<UInt8>, into output: inout [UInt8]) throws(CompressionError) -> Int {
        try input.withUnsafeBufferPointer { input throws(CompressionError) in
            if let zstd { return try decode(input, with: zstd, into: &output) }
            if let zlib { return try decode(input, with: zlib, into: &output) }
            let part = input.prefix(Self.stepBytes)
            output.append(contentsOf: part)
            return part.count
        }
    }

    private func decode(
        _ input: UnsafeBufferPointer<UInt8>, with context: OpaquePointer, into output: inout [UInt8]
    ) throws(CompressionError) -> Int {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var (result, written) = (0, 0)
        try output.appendUninitialized(upTo: Self.stepBytes) { room throws(CompressionError) in
            var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            result = ZSTD_decompressStream(context, &target, &source)
            written = target.pos
            return target.pos
        }
        guard ZSTD_isError(result) == 0 else {
            throw .malformed(.zstd, reason: String(cString: ZSTD_getErrorName(result)))
        }
        if source.pos > 0 || written > 0 { isBetweenStreams = result == 0 }
        return source.pos
    }

    private func decode(
        _ input: UnsafeBufferPointer<UInt8>, with stream: UnsafeMutablePointer<z_stream>,
        into output: inout [UInt8]
    ) throws(CompressionError) -> Int {
        let piece = UnsafeBufferPointer(rebasing: input.prefix(1 << 30))  // avail_in has 32 bits
        if isBetweenStreams {
            guard !piece.isEmpty else { return 0 }
            inflateReset2(stream, ZlibFormat.gzip.windowBits)
            isBetweenStreams = false
        }
        var result = Z_OK
        try output.appendUninitialized(upTo: Self.stepBytes) { room throws(CompressionError) in
            // zlib does not write through next_in.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress)
            stream.pointee.avail_in = UInt32(piece.count)
            stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room.count)
            result = inflate(stream, Z_NO_FLUSH)
            return room.count - Int(stream.pointee.avail_out)
        }
        switch result {
        case Z_STREAM_END: isBetweenStreams = true
        case Z_OK, Z_BUF_ERROR: break
        default: throw .malformed(.gzip, reason: String(cString: zError(result)))
        }
        return piece.count - Int(stream.pointee.avail_in)
    }
}
