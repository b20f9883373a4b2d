import CZlib

/// One inflate context: about 40 KB, kept from body to body.
final class InflateStream {
    /// On the heap, since zlib's state points back at it.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() throws(CompressionError) {
        stream.initialize(to: z_stream())
        let result = inflateInit2_(
            stream, ZlibFormat.gzip.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else {
            // deinit runs for a class whose stored properties are all set; inflateEnd refuses a state it did not make.
            throw .library(operation: "start a gzip decompressor", reason: String(cString: zError(result)))
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Unpacks `input`, which is one stream or, for gzip, one or more members (RFC 1952, 2.2).
    func decode(
        _ input: UnsafeBufferPointer<UInt8>, as encoding: ContentEncoding, room: inout BodyRoom,
        into output: inout [UInt8]
    ) throws(CompressionError) {
        let format: ZlibFormat = encoding == .gzip ? .gzip : .ofDeflate(input)
        inflateReset2(stream, format.windowBits)
        var consumed = 0
        while true {
            let stream = stream
            let piece = UnsafeBufferPointer(rebasing: input[consumed...].prefix(1 << 30))  // avail_in has 32 bits
            var result = Z_OK
            var written = 0
            try room.next(in: &output) { room throws(CompressionError) in
                // zlib does not write through next_in.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress)
                stream.pointee.avail_in = UInt32(piece.count)
                stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(room.count)
                result = inflate(stream, Z_NO_FLUSH)
                written = room.count - Int(stream.pointee.avail_out)
                return written
            }
            let taken = piece.count - Int(stream.pointee.avail_in)
            consumed += taken
            switch result {
            case Z_STREAM_END where consumed == input.count: return
            case Z_STREAM_END where format == .gzip: inflateReset(stream)
            case Z_STREAM_END: throw .malformed(encoding, reason: "goes on after its end")
            case Z_OK where taken > 0 || written > 0: continue
            case Z_OK, Z_BUF_ERROR: throw .truncated(encoding)
            case Z_MEM_ERROR: throw .library(operation: "decompress \(encoding)", reason: "out of memory")
            case Z_NEED_DICT: throw .malformed(encoding, reason: "needs a dictionary")
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? String(cString: zError(result))
                throw .malformed(encoding, reason: reason)
            }
        }
    }
}
