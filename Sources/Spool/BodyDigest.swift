import Files

/// A 64-bit digest of a record's body: tells that it is undamaged, and that it is the one that came before.
///
/// Two words are folded at a time by one multiplication whose halves are put together again; four such chains run side by
/// side, as one alone would wait for each product. It is no cryptographic hash: whoever can send to the sidecar can make two
/// messages of one digest, and harm only his own.
///
/// A body that is at hand in one piece is digested by `of`; one that comes in pieces by `add` and `finish`, with the same result.
struct BodyDigest {
    private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let second: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let third: UInt64 = 0x1656_67B1_9E37_79F9
    private static let fourth: UInt64 = 0x27D4_EB2F_1656_67C5

    private static let blockLength = 64

    private let isEmpty: Bool
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64
    /// What came and does not fill a block.
    private var rest: [UInt8] = []

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var digest = BodyDigest(length: bytes.count)
        return digest.finish(with: digest.addBlocks(of: bytes))
    }

    /// - Parameter length: of all pieces together.
    init(length: Int) {
        isEmpty = length == 0
        (a, b, c, d) = (UInt64(length) &* Self.first, Self.second, Self.third, Self.fourth)
    }

    mutating func add(_ piece: UnsafeRawBufferPointer) {
        var piece = piece
        if !rest.isEmpty {
            let filled = min(Self.blockLength - rest.count, piece.count)
            rest.append(contentsOf: piece.prefix(filled))
            piece = UnsafeRawBufferPointer(rebasing: piece.dropFirst(filled))
            guard rest.count == Self.blockLength else { return }
            let block = rest
            rest.removeAll(keepingCapacity: true)
            _ = block.withUnsafeBytes { addBlocks(of: $0) }
        }
        rest.append(contentsOf: addBlocks(of: piece))
    }

    mutating func finish() -> UInt64 {
        let rest = rest
        return rest.withUnsafeBytes { finish(with: $0) }
    }

    /// Returns what does not fill a block.
    @inline(__always)
    private mutating func addBlocks(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let base = bytes.baseAddress else { return bytes }
        var (a, b, c, d) = (a, b, c, d)
        var offset = 0
        // The loop's condition keeps all loads inside the buffer.
        while offset &+ Self.blockLength <= bytes.count {
            a = Self.fold(Self.word(base, offset) ^ a ^ Self.first, Self.word(base, offset &+ 8) ^ Self.second)
            b = Self.fold(Self.word(base, offset &+ 16) ^ b ^ Self.second, Self.word(base, offset &+ 24) ^ Self.third)
            c = Self.fold(Self.word(base, offset &+ 32) ^ c ^ Self.third, Self.word(base, offset &+ 40) ^ Self.fourth)
            d = Self.fold(Self.word(base, offset &+ 48) ^ d ^ Self.fourth, Self.word(base, offset &+ 56) ^ Self.first)
            offset &+= Self.blockLength
        }
        (self.a, self.b, self.c, self.d) = (a, b, c, d)
        return UnsafeRawBufferPointer(rebasing: bytes[offset...])
    }

    @inline(__always)
    private mutating func finish(with rest: UnsafeRawBufferPointer) -> UInt64 {
        guard !isEmpty else { return Self.fold(Self.first, Self.second) }
        var offset = 0
        while let base = rest.baseAddress, offset &+ 16 <= rest.count {
            a = Self.fold(Self.word(base, offset) ^ a ^ Self.first, Self.word(base, offset &+ 8) ^ Self.second)
            offset &+= 16
        }
        var tail: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &tail) { tail in
            tail.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[offset...]))
        }
        a = Self.fold(UInt64(littleEndian: tail.0) ^ a ^ Self.first, UInt64(littleEndian: tail.1) ^ Self.second)
        return Self.fold(
            Self.fold(a ^ Self.third, b ^ Self.fourth) ^ Self.first,
            Self.fold(c ^ Self.first, d ^ Self.second) ^ Self.third)
    }

    @inline(__always)
    private static func word(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        // The words are added as well, so that a factor of zero does not swallow the other.
        return product.high ^ product.low &+ (a ^ b)
    }
}
