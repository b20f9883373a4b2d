import Files

/// The messages that came to a lane in one round of its loop, as they will stand in the file; a large one is only referred to.
struct LaneRound {
    struct Entry {
        /// Header, message and note; 0 for a message that repeats one of this round.
        let length: Int
        /// Which budget its bytes are reserved from.
        fileprivate(set) var isInMemory: Bool
        let digest: UInt64?
        let done: (LaneAnswer) -> Void

        /// Of a message that repeats another one, to be answered with that.
        static func repeating(_ done: @escaping (LaneAnswer) -> Void) -> Entry {
            Entry(length: 0, isInMemory: false, digest: nil) { answer in
                if case .stored = answer { done(.duplicate) } else { done(answer) }
            }
        }
    }

    private(set) var bytes: [UInt8] = []
    /// The message added last is too large to be gathered: only its header is in `bytes`, and its note is here.
    private var largeNote: [UInt8]?
    private var headers: [RecordHeader] = []
    private var entries: [Entry] = []

    /// A round is written at once when it has become so large.
    static let flushBytes = 1 << 20
    /// A message of this length is not copied but written from where it is, at once.
    static let largeBytes = 1 << 20
    private static let blankHeader = [UInt8](repeating: 0, count: RecordHeader.length)

    var isEmpty: Bool { entries.isEmpty }
    /// Of what is to be written.
    var length: Int { headers.reduce(0) { $0 + $1.recordLength } }

    /// Returns the digest of message and note. A large message is to be written before another is added.
    mutating func add(
        _ message: Span<UInt8>, items: Int, sampled: Int, note: [UInt8], isInMemory: Bool,
        _ done: @escaping (LaneAnswer) -> Void
    ) -> UInt64 {
        let body = bytes.count + RecordHeader.length
        bytes.append(contentsOf: Self.blankHeader)
        let digest: UInt64
        if message.count < Self.largeBytes {
            message.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: note)
            digest = bytes.withUnsafeBytes { BodyDigest.of(UnsafeRawBufferPointer(rebasing: $0[body...])) }
        } else {
            digest = Self.digest(of: message, note)
            largeNote = note
        }
        let header = RecordHeader(
            messageLength: message.count, noteLength: note.count, items: UInt32(clamping: items),
            sampled: UInt32(clamping: sampled), digest: digest)
        headers.append(header)
        entries.append(
            Entry(length: header.recordLength, isInMemory: isInMemory, digest: digest, done: done))
        return digest
    }

    private static func digest(of message: Span<UInt8>, _ note: [UInt8]) -> UInt64 {
        var digest = BodyDigest(length: message.count + note.count)
        message.withUnsafeBytes { digest.add($0) }
        note.withUnsafeBytes { digest.add($0) }
        return digest.finish()
    }

    /// - Parameters:
    ///   - large: the message that was not gathered; empty if all were.
    ///   - isOverStale: whether the file holds other bytes there. A header must not stand before these, should the process
    ///     end in between; in a file that ends there it must stand first, or what is behind it would belong to nothing.
    func write(
        _ large: Span<UInt8>, to file: any StorageFile, at offset: Int, isOverStale: Bool
    ) throws(StorageFailure) {
        if !isOverStale || largeNote == nil { try file.write(bytes, at: offset) }
        guard let largeNote else { return }
        try file.write(large, at: offset + bytes.count)
        try file.write(largeNote, at: offset + bytes.count + large.count)
        if isOverStale { try file.write(bytes, at: offset) }
    }

    /// Takes the message back that was added last.
    mutating func removeLast() -> Entry {
        let entry = entries.removeLast()
        headers.removeLast()
        bytes.removeLast(largeNote == nil ? entry.length : RecordHeader.length)
        largeNote = nil
        return entry
    }

    func contains(_ digest: UInt64) -> Bool { headers.contains { $0.digest == digest } }

    mutating func addRepeat(_ done: @escaping (LaneAnswer) -> Void) {
        entries.append(.repeating(done))
    }

    /// Has `give` complete each header, with where its record begins, and puts the headers into place. May be done again.
    mutating func number(salt: UInt64, _ give: (inout RecordHeader, Int) -> Void) {
        let headers = headers
        bytes.withUnsafeMutableBytes { bytes in
            var offset = 0
            for var header in headers {
                give(&header, offset)
                header.store(into: bytes, at: offset, salt: salt)
                offset += header.recordLength
            }
        }
    }

    func bytesReserved(inMemory: Bool) -> Int {
        entries.reduce(0) { $1.isInMemory == inMemory ? $0 + $1.length : $0 }
    }

    mutating func move(inMemory: Bool) {
        for index in entries.indices { entries[index].isInMemory = inMemory }
    }

    /// Empties the round.
    mutating func takeEntries() -> [Entry] {
        let taken = entries
        largeNote = nil
        entries.removeAll(keepingCapacity: taken.count <= 4096)
        headers.removeAll(keepingCapacity: taken.count <= 4096)
        bytes.removeAll(keepingCapacity: bytes.capacity <= 2 * Self.flushBytes)
        return taken
    }
}
