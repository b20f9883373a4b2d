/// The part of a source's content that is being looked at: grows at the end, is let go of at the start.
struct ContentWindow {
    /// What one reading of the source adds at most.
    private static let room = 512 << 10

    private let source: ByteSource
    private(set) var bytes: [UInt8] = []
    /// Where in `bytes` what was not taken begins.
    private(set) var start = 0
    /// Where that is in the content.
    private(set) var offset = 0
    var isAtEnd = false

    init(_ source: ByteSource) { self.source = source }

    var count: Int { bytes.count - start }

    subscript(index: Int) -> UInt8 { bytes[start + index] }

    /// Makes more bytes be there; false when there are no more.
    mutating func grow() throws(OTLPFileError) -> Bool {
        if isAtEnd { return false }
        if start > 0, start >= bytes.count / 2 {
            bytes.removeSubrange(..<start)
            start = 0
        }
        if bytes.capacity - bytes.count < Self.room {
            bytes.reserveCapacity(max(bytes.capacity * 2, bytes.count + Self.room))
        }
        isAtEnd = try !source.read(into: &bytes)
        return !isAtEnd
    }

    /// True when at least `count` bytes are there.
    mutating func has(_ count: Int) throws(OTLPFileError) -> Bool {
        while self.count < count { guard try grow() else { return false } }
        return true
    }

    /// True when the value that begins at the start of the window ends in it.
    func advance(_ scan: inout JSONValueScan) -> Bool { scan.advance(over: bytes.span.extracting(start..<bytes.count)) }

    mutating func drop(_ count: Int) {
        start += count
        offset += count
    }

    mutating func take(_ count: Int) -> [UInt8] {
        defer { drop(count) }
        return Array(bytes[start..<start + count])
    }
}
