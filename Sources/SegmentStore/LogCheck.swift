package import Files
import Glibc

/// What a walk over a log's frames finds, by their checksums alone: for tools that copy logs. Opens no store and changes
/// nothing.
package struct LogCheck: Sendable, Equatable {
    package var number: UInt32
    package var salt: UInt64
    package var frames = 0
    package var records = 0
    /// Stretches between good frames that are none.
    package var damaged = 0
    /// Where the last good frame ends; what follows is torn, or was being written.
    package var end: Int
    package var length: Int

    /// Nil for a file that does not begin with the header of a log.
    package static func of(_ path: String) throws(StorageFailure) -> LogCheck? {
        let file = try ReadFile(path)
        let length = try file.size()
        var head: [UInt8] = []
        try file.read(min(length, SegmentHeader.length), at: 0, into: &head)
        guard let header = SegmentHeader(head) else { return nil }
        var check = LogCheck(number: header.number, salt: header.salt, end: SegmentHeader.length, length: length)
        let bytes = try file.map(length)
        // Mapped here and used no longer than here.
        defer { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), length) }
        check.walk(bytes)
        return check
    }

    private mutating func walk(_ bytes: UnsafeRawBufferPointer) {
        var offset = end
        var isInDamage = false
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            if let frame = FrameHeader(rest, salt: salt), frame.frameLength <= rest.count,
                FrameHeader.isIntact(UnsafeRawBufferPointer(rebasing: rest[..<frame.frameLength]))
            {
                if isInDamage { damaged += 1 }
                isInDamage = false
                frames += 1
                records += Int(frame.records)
                offset += frame.frameLength
                end = offset
                continue
            }
            isInDamage = true
            guard let next = Self.nextMagic(bytes, from: offset + 1) else { return }
            offset = next
        }
    }

    private static func nextMagic(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var offset = start
        while offset <= bytes.count - FrameHeader.length {
            if bytes.loadLittle(at: offset, as: UInt32.self) == FrameHeader.magic { return offset }
            offset += 1
        }
        return nil
    }
}
