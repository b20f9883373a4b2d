package import Files
package import SegmentStore

/// How far the store has been passed on. A file of one line beside the segments, replaced whole:
///
///     HMSTEE 1 <segment> <frame> <items> <sender> <crc32c of what stands before it, 8 digits>
package struct TeePosition: Sendable, Equatable {
    package static let fileName = "tee.position"

    /// The next frame to send.
    package var next: RecordPosition
    /// Items of that frame's segment that lie before it.
    package var items: UInt64
    /// Made once; what is sent to a collector of ours is numbered under it.
    package var sender: SenderID

    package init(next: RecordPosition = .start, items: UInt64 = 0, sender: SenderID) {
        self.next = next
        self.items = items
        self.sender = sender
    }

    var line: String {
        let text = "HMSTEE 1 \(next.segment) \(next.frame) \(items) \(sender) "
        return text + Self.sum(text) + "\n"
    }

    /// Nil for anything else than what `line` gives.
    init?(line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 7, words[0] == "HMSTEE", words[1] == "1", let segment = UInt32(words[2]),
            let frame = UInt32(words[3]), let items = UInt64(words[4]), let sender = SenderID(uuid: words[5])
        else { return nil }
        self.init(next: RecordPosition(segment: segment, frame: frame), items: items, sender: sender)
        guard line == self.line else { return nil }
    }

    private static func sum(_ text: String) -> String {
        let crc = Array(text.utf8).withUnsafeBytes { checksum($0) }
        let digits = String(crc, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Nil where there is none; damaged is told apart from that.
    package static func load(_ path: String) throws(StorageFailure) -> (position: TeePosition?, isDamaged: Bool) {
        guard fileExists(path) else { return (nil, false) }
        let file = try ReadFile(path)
        var bytes: [UInt8] = []
        try file.read(256, at: 0, into: &bytes)
        let position = TeePosition(line: String(decoding: bytes, as: UTF8.self))
        return (position, position == nil)
    }

    package func save(_ path: String, storage: any Storage) throws(StorageFailure) {
        try storage.remove(path + ".new")
        let file = try storage.create(path + ".new")
        defer { file.close() }
        try file.write(Array(line.utf8), at: 0)
        try file.synchronize()
        try storage.rename(path + ".new", to: path)
    }
}
