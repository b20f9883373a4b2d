import Compression
import Testing

@Suite("Bodies from strangers")
struct BodyDecoderTests {
    static let compressed: [ContentEncoding] = [.gzip, .deflate, .zstd]

    static func pack(_ bytes: [UInt8], _ encoding: ContentEncoding) throws -> [UInt8] {
        switch encoding {
        case .identity: return bytes
        case .gzip: return try gzip(bytes)
        case .zstd: return try zstd(bytes)
        case .deflate:
            // A zlib stream is what gzip holds, in other wrapping: 10 bytes of header and 8 of trailer go, and the
            // checksum is Adler-32.
            var (low, high): (UInt32, UInt32) = (1, 0)
            for byte in bytes {
                low = (low + UInt32(byte)) % 65_521
                high = (high + low) % 65_521
            }
            let sum = high << 16 | low
            let checksum = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
            return [0x78, 0x9C] + (try gzip(bytes)).dropFirst(10).dropLast(8) + checksum
        }
    }

    @Test(
        "A body comes out as it went in, whatever its length",
        arguments: ContentEncoding.allCases, [0, 1, 65_535, 65_536, 65_537, 3_000_000])
    func roundTrip(encoding: ContentEncoding, length: Int) throws {
        let body = mixture(length)
        let packed = try Self.pack(body, encoding)
        #expect(try unpack(packed, encoding) == body)
    }

    @Test(
        "A body that is long without having told so is measured and then unpacked whole, in room of its size",
        arguments: compressed)
    func measured(encoding: ContentEncoding) throws {
        let plain = mixture(5 << 20)
        let packed = try Self.pack(plain, encoding)
        var output: [UInt8] = []
        try BodyDecoder().decode(packed.span, as: encoding, limit: 6 << 20, into: &output)
        #expect(output == plain)
        #expect(output.capacity < 6 << 20)
        #expect(throws: CompressionError.tooLarge(limit: 3 << 20)) {
            try BodyDecoder().decode(packed.span, as: encoding, limit: 3 << 20, into: &output)
        }
        #expect(output == plain)
    }

    @Test("Bare deflate data is taken as deflate")
    func bareDeflate() throws {
        let body = mixture(100_000)
        #expect(try unpack(Array(try gzip(body).dropFirst(10).dropLast(8)), .deflate) == body)
    }

    @Test("Unpacked bytes go behind what the output holds, and a decoder can be used again after an error")
    func appends() throws {
        let decoder = BodyDecoder()
        for encoding in Self.compressed {
            var output: [UInt8] = [1, 2, 3]
            let packed = try Self.pack([4, 5], encoding)
            #expect(throws: CompressionError.truncated(encoding)) {
                try decoder.decode(packed.span.extracting(droppingLast: 1), as: encoding, limit: 100, into: &output)
            }
            #expect(output == [1, 2, 3])
            try decoder.decode(packed.span, as: encoding, limit: 2, into: &output)
            #expect(output == [1, 2, 3, 4, 5])
        }
    }

    @Test(
        "All gzip members and zstd frames are unpacked, the empty ones too", arguments: [ContentEncoding.gzip, .zstd])
    func concatenated(encoding: ContentEncoding) throws {
        let parts = [mixture(70_000), [], [9], mixture(200_000)]
        let packed = try parts.flatMap { try Self.pack($0, encoding) }
        #expect(try unpack(packed, encoding) == Array(parts.joined()))
    }

    @Test("Skippable zstd frames add nothing")
    func skippable() throws {
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 7, 7, 7]
        #expect(try unpack(skippable + zstd([1, 2]) + skippable + zstd([3]), .zstd) == [1, 2, 3])
    }

    @Test("A body of exactly the limit passes, one byte more is too large", arguments: ContentEncoding.allCases)
    func limit(encoding: ContentEncoding) throws {
        for length in [1, 65_536, 100_000] {
            let body = mixture(length)
            let packed = try Self.pack(body, encoding)
            #expect(try unpack(packed, encoding, limit: length) == body)
            #expect(throws: CompressionError.tooLarge(limit: length - 1)) {
                try unpack(packed, encoding, limit: length - 1)
            }
        }
    }

    @Test("The limit counts all members together", arguments: [ContentEncoding.gzip, .zstd])
    func limitOverMembers(encoding: ContentEncoding) throws {
        let packed = try Self.pack(mixture(1000), encoding)
        #expect(throws: CompressionError.tooLarge(limit: 1999)) { try unpack(packed + packed, encoding, limit: 1999) }
    }

    @Test("Input cut anywhere is truncated, never a shorter body", arguments: compressed)
    func truncated(encoding: ContentEncoding) throws {
        let packed = try Self.pack(mixture(300), encoding)
        for length in 0..<packed.count {
            #expect(throws: CompressionError.truncated(encoding), "cut to \(length) bytes") {
                try unpack(Array(packed[..<length]), encoding)
            }
        }
    }

    @Test("Bytes behind the end are an error", arguments: compressed)
    func trailingGarbage(encoding: ContentEncoding) throws {
        let packed = try Self.pack(mixture(300), encoding)
        for garbage: [UInt8] in [[0], [0, 0, 0, 0, 0, 0, 0, 0], Array("garbage behind the end".utf8)] {
            #expect(throws: CompressionError.self) { try unpack(packed + garbage, encoding) }
        }
    }

    @Test("Damage is found by the checksum")
    func damaged() throws {
        for encoding in [ContentEncoding.gzip, .deflate] {
            var packed = try Self.pack(mixture(300), encoding)
            packed[packed.count - 8] ^= 0x10
            let damaged = packed
            #expect { try unpack(damaged, encoding) } throws: { error in
                guard case .malformed(encoding, _)? = error as? CompressionError else { return false }
                return true
            }
        }
    }

    @Test("Random bytes never unpack and never crash", arguments: compressed, [UInt64](1...20))
    func random(encoding: ContentEncoding, seed: UInt64) throws {
        #expect(throws: CompressionError.self) { try unpack(noise(2000, seed: seed), encoding, limit: 1 << 20) }
        // One bit flipped anywhere gives an error or some body within the limit.
        var packed = try Self.pack(mixture(2000), encoding)
        packed[Int(seed) * 7 % packed.count] ^= 1 << (seed % 8)
        let length = (try? unpack(packed, encoding, limit: 1 << 20).count) ?? 0
        #expect(length <= 1 << 20)
    }

    @Test("512 MiB of zeros in half a MiB stop at the limit, with room for no more than it")
    func bombs() throws {
        let bombs: [(ContentEncoding, [UInt8])] = [
            (.gzip, deflatedZeros(megabytes: 512, windowBits: 15 + 16)),
            (.deflate, deflatedZeros(megabytes: 64, windowBits: 15)),
            (.deflate, deflatedZeros(megabytes: 64, windowBits: -15)), (.zstd, streamedZstdZeros(megabytes: 512)),
        ]
        for (encoding, bomb) in bombs {
            let limit = 4 << 20
            var output: [UInt8] = []
            #expect(bomb.count < 4 << 20)
            #expect(throws: CompressionError.tooLarge(limit: limit)) {
                try BodyDecoder().decode(bomb.span, as: encoding, limit: limit, into: &output)
            }
            #expect(output.isEmpty)
            #expect(output.capacity <= limit + 65_536)
        }
    }

    @Test("A zstd frame that tells a length over the limit is refused before any room is made")
    func toldLength() {
        // Magic, descriptor with an 8-byte length and one segment, 2^40 bytes told, then one empty raw block.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]
        var output: [UInt8] = []
        #expect(throws: CompressionError.tooLarge(limit: 1 << 24)) {
            try BodyDecoder().decode(frame.span, as: .zstd, limit: 1 << 24, into: &output)
        }
        #expect(output.capacity == 0)
    }

    @Test("A zstd frame that claims a window of 2 GiB is refused")
    func hugeWindow() {
        // Magic, descriptor without length, window 2^31, then one empty last raw block.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, (31 - 10) << 3, 1, 0, 0]
        #expect(throws: CompressionError.windowTooLarge(limit: 8 << 20)) { try unpack(frame, .zstd) }
        #expect(throws: CompressionError.windowTooLarge(limit: 8 << 20)) {
            try unpack(streamedZstdZeros(megabytes: 32, windowLog: 24), .zstd)
        }
        #expect(throws: Never.self) { try unpack(streamedZstdZeros(megabytes: 32, windowLog: 23), .zstd) }
    }

    @Test("Errors say what to do")
    func descriptions() {
        #expect(
            CompressionError.tooLarge(limit: 16).description
                == "body is over 16 bytes once decompressed; send smaller batches")
        #expect(CompressionError.truncated(.gzip).description == "gzip body ends early")
    }
}
