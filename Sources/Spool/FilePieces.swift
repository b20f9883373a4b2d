import Files
import Glibc

/// A stretch of a file that is read piece by piece, so that a large message is never in memory as a whole.
package struct FilePieces {
    private static let pieceLength = 256 << 10

    private let file: any StorageFile
    private var offset: Int
    private var left: Int

    init(_ file: any StorageFile, from offset: Int, length: Int) {
        self.file = file
        self.offset = offset
        left = length
    }

    package var isAtEnd: Bool { left == 0 }

    /// False, and nothing read, at the end.
    package mutating func next(into piece: inout [UInt8]) throws(SpoolError) -> Bool {
        guard left > 0 else { return false }
        do throws(StorageFailure) {
            try file.read(min(Self.pieceLength, left), at: offset, into: &piece)
            guard !piece.isEmpty else { throw StorageFailure("reading", "a batch of the spool", code: ENODATA) }
        } catch { throw .storage(error) }
        offset += piece.count
        left -= piece.count
        return true
    }
}

/// The message of a batch that has no other.
package struct SingleMessage {
    package let content: BatchReader.Content
    package let length: Int
    package var pieces: FilePieces
}
