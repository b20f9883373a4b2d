import Files
import Glibc

/// The log of a segment, open for reading: the one that was asked for, or the one that was written in its place since. Frames
/// have the same numbers in both.
final class OpenSegment {
    let segment: Segment
    let file: ReadFile

    /// Nil when the segment is gone.
    static func open(_ segment: Segment) throws(StorageFailure) -> OpenSegment? {
        // Who is overtaken by a rewrite between the two looks, looks again.
        for _ in 0..<4 {
            let file: ReadFile
            do throws(StorageFailure) { file = try ReadFile(segment.logPath) } catch {
                // Retention took it.
                if error.code == ENOENT { return nil }
                throw error
            }
            var head: [UInt8] = []
            try file.read(SegmentHeader.length, at: 0, into: &head)
            // A log whose first bytes are damaged is read by what its index says.
            let salt = SegmentHeader(head)?.salt ?? segment.salt
            if let match = segment.successor(withSalt: salt) { return OpenSegment(match, file) }
        }
        return nil
    }

    private init(_ segment: Segment, _ file: consuming ReadFile) {
        self.segment = segment
        self.file = file
    }
}
