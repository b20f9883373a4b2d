import Compression
import Testing

@Suite("Frames of our own")
struct ZstdTests {
    @Test("A frame unpacks to its noted length, behind what the output holds", arguments: [0, 1, 1000, 2_000_000])
    func roundTrip(length: Int) throws {
        let body = mixture(length)
        let frame = try zstd(body, checksum: true)
        var decompressor = ZstdDecompressor()
        var output: [UInt8] = [42]
        try decompressor.decompress(frame.span, rawLength: length, into: &output)
        #expect(output == [42] + body)
    }

    @Test("A compressor appends frames and can be used again")
    func appends() throws {
        var compressor = ZstdCompressor(level: 1)
        var output: [UInt8] = []
        for part in [mixture(5000), mixture(10), mixture(90_000)] { try compressor.compress(part.span, into: &output) }
        #expect(try unpack(output, .zstd) == mixture(5000) + mixture(10) + mixture(90_000))
        #expect(output.count < 60_000)
    }

    @Test(
        "Another length than the noted one is refused, and the output is as it was", arguments: [0, 999, 1001, Int.max])
    func wrongLength(noted: Int) throws {
        let frame = try zstd(mixture(1000))
        var output: [UInt8] = [42]
        var decompressor = ZstdDecompressor()
        var thrown: CompressionError?
        do { try decompressor.decompress(frame.span, rawLength: noted, into: &output) } catch { thrown = error }
        #expect(thrown == .wrongLength(expected: noted, found: 1000))
        #expect(output == [42])
    }

    @Test("A frame without a length is refused")
    func noLength() throws {
        var output: [UInt8] = []
        var decompressor = ZstdDecompressor()
        var thrown: CompressionError?
        let frame = streamedZstdZeros(megabytes: 2)
        do { try decompressor.decompress(frame.span, rawLength: 2 << 20, into: &output) } catch { thrown = error }
        #expect(thrown == .wrongLength(expected: 2 << 20, found: nil))
    }

    @Test("A frame cut short or damaged is malformed, and the output is as it was")
    func damaged() throws {
        let frame = try zstd(mixture(1000), checksum: true)
        var decompressor = ZstdDecompressor()
        for cut in 0..<frame.count {
            var output: [UInt8] = [42]
            var thrown: CompressionError?
            do {
                try decompressor.decompress(frame.span.extracting(first: cut), rawLength: 1000, into: &output)
            } catch { thrown = error }
            guard case .malformed(.zstd, _)? = thrown else {
                Issue.record("cut to \(cut): \(String(describing: thrown))")
                continue
            }
            #expect(output == [42])
        }
        for position in 8..<frame.count {
            var changed = frame
            changed[position] ^= 0x20
            var output: [UInt8] = []
            #expect(throws: CompressionError.self) {
                var decompressor = ZstdDecompressor()
                try decompressor.decompress(changed.span, rawLength: 1000, into: &output)
            }
        }
    }

    @Test("gzip comes out smaller, and at once readable")
    func gzipRoundTrip() throws {
        var compressor = try GzipCompressor(level: 1)
        var output: [UInt8] = []
        try compressor.compress(mixture(100_000).span, into: &output)
        #expect(output.count < 60_000)
        try compressor.compress([1, 2, 3].span, into: &output)
        #expect(try unpack(output, .gzip) == mixture(100_000) + [1, 2, 3])
    }

    @Test("What is packed in pieces unpacks to the whole", arguments: [1, 262_144, 3_000_000], [1000, 262_144])
    func pieces(length: Int, pieceLength: Int) throws {
        for body in [mixture(length), noise(length, seed: 3)] {
            var zstd = ZstdCompressor(level: 1)
            var gzip = try GzipCompressor(level: 1)
            for round in 0..<2 {
                var packed: (zstd: [UInt8], gzip: [UInt8]) = ([9], [9])
                zstd.begin(length: length, into: &packed.zstd)
                gzip.begin(length: length, into: &packed.gzip)
                let capacity = (packed.zstd.capacity, packed.gzip.capacity)
                for start in stride(from: 0, to: length, by: pieceLength) {
                    let end = min(start + pieceLength, length)
                    let piece = Array(body[start..<end])
                    try zstd.add(piece.span, isLast: end == length, into: &packed.zstd)
                    try gzip.add(piece.span, isLast: end == length, into: &packed.gzip)
                }
                #expect(packed.zstd[0] == 9 && packed.gzip[0] == 9)
                #expect(try unpack(Array(packed.zstd.dropFirst()), .zstd) == body, "round \(round)")
                #expect(try unpack(Array(packed.gzip.dropFirst()), .gzip) == body, "round \(round)")
                #expect((packed.zstd.capacity, packed.gzip.capacity) == capacity, "nothing was copied to a larger room")
            }
        }
    }
}
