import CZlib
import CZstd
import Compression

/// A linear congruential generator, so that a failing run can be repeated.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}

/// Half noise, half repetition: compresses, but not to nothing.
func mixture(_ count: Int) -> [UInt8] {
    let random = noise(count, seed: 7)
    return (0..<count).map { $0 / 64 % 2 == 0 ? UInt8(truncatingIfNeeded: $0 / 128) : random[$0] }
}

func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var compressor = try GzipCompressor()
    var output: [UInt8] = []
    try compressor.compress(bytes.span, into: &output)
    return output
}

func zstd(_ bytes: [UInt8], level: Int = 1, checksum: Bool = false) throws -> [UInt8] {
    var compressor = ZstdCompressor(level: level, checksum: checksum)
    var output: [UInt8] = []
    try compressor.compress(bytes.span, into: &output)
    return output
}

func unpack(_ bytes: [UInt8], _ encoding: ContentEncoding, limit: Int = 1 << 30) throws -> [UInt8] {
    var output: [UInt8] = []
    try BodyDecoder().decode(bytes.span, as: encoding, limit: limit, into: &output)
    return output
}

/// Packs `megabytes` MiB of zeros with zlib, piece by piece; `windowBits` as zlib takes them.
func deflatedZeros(megabytes: Int, windowBits: Int32) -> [UInt8] {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer {
        deflateEnd(stream)
        stream.deallocate()
    }
    deflateInit2_(
        stream, 1, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    var zeros = [UInt8](repeating: 0, count: 1 << 20)
    var room = [UInt8](repeating: 0, count: 1 << 20)
    var output: [UInt8] = []
    for piece in 1...megabytes {
        zeros.withUnsafeMutableBufferPointer { zeros in
            room.withUnsafeMutableBufferPointer { room in
                stream.pointee.next_in = zeros.baseAddress
                stream.pointee.avail_in = UInt32(zeros.count)
                stream.pointee.next_out = room.baseAddress
                stream.pointee.avail_out = UInt32(room.count)
                deflate(stream, piece == megabytes ? Z_FINISH : Z_NO_FLUSH)
                output.append(contentsOf: room.prefix(room.count - Int(stream.pointee.avail_out)))
            }
        }
    }
    return output
}

/// Packs `megabytes` MiB of zeros as one zstd frame that does not tell its length.
func streamedZstdZeros(megabytes: Int, windowLog: Int32 = 20) -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    var room = [UInt8](repeating: 0, count: 1 << 20)
    var output: [UInt8] = []
    for piece in 1...megabytes {
        zeros.withUnsafeBytes { zeros in
            room.withUnsafeMutableBytes { room in
                var source = ZSTD_inBuffer(src: zeros.baseAddress, size: zeros.count, pos: 0)
                var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                ZSTD_compressStream2(context, &target, &source, piece == megabytes ? ZSTD_e_end : ZSTD_e_continue)
                output.append(contentsOf: room.prefix(target.pos))
            }
        }
    }
    return output
}
