import CLinux
import Files

/// Goes through a log from its start and only reads: whole frames, and the stretches between them that are none.
struct LogWalk: ~Copyable {
    enum Piece {
        /// Its content is in `content` until the next piece.
        case frame(FrameHeader, offset: Int)
        /// No frame, and a whole one behind it; `frames` are missing by the count of their ordinals.
        case gap(offset: Int, length: Int, frames: Int)
        /// No frame up to the end. Zeros are blocks that were never written.
        case rest(offset: Int, length: Int, isZero: Bool)
    }

    let size: Int
    /// Nil where the first bytes are damaged.
    let header: SegmentHeader?
    /// Nil where neither header nor frame tells it: then the log has no pieces.
    let salt: UInt64?
    private let file: ReadFile
    private let reader = FrameReader()
    private let end: Int
    private var offset = SegmentHeader.length
    private var nextOrdinal: UInt32 = 0

    var content: [UInt8] { reader.raw }

    /// - Parameters:
    ///   - end: where the segment ends, if it is known; what lies behind it is not looked at.
    ///   - knownSalt: what the index says; without it a log with a damaged header is read with its first frame's.
    init(_ path: String, end: Int? = nil, knownSalt: UInt64? = nil) throws(StorageFailure) {
        let file = try ReadFile(path)
        let size = try file.size()
        let limit = min(end ?? size, size)
        var head: [UInt8] = []
        try file.read(min(size, SegmentHeader.length), at: 0, into: &head)
        let header = SegmentHeader(head)
        var salt = header?.salt ?? knownSalt
        if salt == nil { salt = try Self.firstSalt(file, end: limit, reader) }
        (self.size, self.header, self.salt, self.end) = (size, header, salt, limit)
        self.file = file
    }

    mutating func next() throws(StorageFailure) -> Piece? {
        guard let salt, offset < end else { return nil }
        if case .good(let frame) = try reader.read(file, at: offset, available: end, salt: salt) {
            defer { offset += frame.frameLength }
            nextOrdinal = frame.ordinal &+ 1
            return .frame(frame, offset: offset)
        }
        let start = offset
        while let candidate = try Self.search(file, from: offset + 1, end: end, salt: salt) {
            offset = candidate
            if case .good(let frame) = try reader.read(file, at: candidate, available: end, salt: salt) {
                let frames = frame.ordinal > nextOrdinal ? Int(frame.ordinal - nextOrdinal) : 1
                return .gap(offset: start, length: candidate - start, frames: frames)
            }
        }
        offset = end
        return .rest(offset: start, length: end - start, isZero: try isZero(from: start))
    }

    /// Where a frame's magic stands, with `salt` behind it unless that is nil.
    private static func search(
        _ file: borrowing ReadFile, from start: Int, end: Int, salt: UInt64?
    ) throws(StorageFailure) -> Int? {
        let block = 1 << 20
        let magic = withUnsafeBytes(of: FrameHeader.magic.littleEndian) { Array($0) }
        var buffer: [UInt8] = []
        var position = start
        while end - position >= FrameHeader.length {
            // Blocks overlap, so that nothing hides on a border.
            try file.read(min(block + 15, end - position), at: position, into: &buffer)
            let found: Int? = buffer.withUnsafeBytes { bytes in
                var index = 0
                while index <= bytes.count - 16, let base = bytes.baseAddress {
                    let rest = UInt(bytes.count - 12 - index)
                    guard let hit = hms_find(base + index, rest, magic, UInt(magic.count)) else { return nil }
                    index = hit - base
                    if salt == nil || bytes.loadLittle(at: index + 8, as: UInt64.self) == salt { return index }
                    index += 1
                }
                return nil
            }
            if let found { return position + found }
            if buffer.count < block { return nil }
            position += block
        }
        return nil
    }

    /// The salt of the first frame that is whole with its own. Few are tried: a sender can choose bytes that look like one.
    private static func firstSalt(
        _ file: borrowing ReadFile, end: Int, _ reader: FrameReader
    ) throws(StorageFailure) -> UInt64? {
        var from = 0
        for _ in 0..<64 {
            guard let candidate = try search(file, from: from, end: end, salt: nil) else { return nil }
            var head: [UInt8] = []
            try file.read(FrameHeader.length, at: candidate, into: &head)
            guard head.count == FrameHeader.length else { return nil }
            let salt = head.loadLittle(at: 8, as: UInt64.self)
            if case .good = try reader.read(file, at: candidate, available: end, salt: salt) { return salt }
            from = candidate + 1
        }
        return nil
    }

    private func isZero(from start: Int) throws(StorageFailure) -> Bool {
        var buffer: [UInt8] = []
        var position = start
        while position < end {
            try file.read(min(1 << 20, end - position), at: position, into: &buffer)
            if buffer.isEmpty { return true }
            if !buffer.allSatisfy({ $0 == 0 }) { return false }
            position += buffer.count
        }
        return true
    }
}
