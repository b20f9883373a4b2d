package import Compression
import Glibc

/// The content of a file from its start, unpacked where its first bytes say gzip or zstd. Memory is bounded: one block of
/// the file and one step of unpacking. Lives on one thread.
package final class ByteSource {
    /// `-` is standard input.
    package let path: String
    package private(set) var encoding = ContentEncoding.identity
    /// Of the file itself, packed as it is.
    package private(set) var bytesRead = 0

    private static let blockBytes = 256 << 10
    private let descriptor: Int32
    private var block: [UInt8] = []
    private var used = 0
    private var isAtEnd = false
    private var decoder: StreamDecoder?

    package init(_ path: String) throws(OTLPFileError) {
        self.path = path == "-" ? "standard input" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(self.path, "open it", errno) }
        try readBlock()
        let magic = Array(block.prefix(4))
        if magic.starts(with: [0x1F, 0x8B]) {
            encoding = .gzip
        } else if magic == [0x28, 0xB5, 0x2F, 0xFD] {
            encoding = .zstd
        }
        do throws(CompressionError) {
            if encoding != .identity { decoder = try StreamDecoder(encoding) }
        } catch {
            throw OTLPFileError(path, .file, .compression(error))
        }
    }

    deinit { if descriptor > STDIN_FILENO { close(descriptor) } }

    /// Size of the file; nil where that is not known, as of a pipe.
    package var fileSize: Int? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Appends the next bytes of the content; false at its end.
    package func read(into output: inout [UInt8]) throws(OTLPFileError) -> Bool {
        let before = output.count
        while output.count == before {
            if used == block.count, !isAtEnd { try readBlock() }
            guard let decoder else {
                output.append(contentsOf: block[used...])
                used = block.count
                return output.count > before
            }
            do throws(CompressionError) {
                let taken = try decoder.decode(block.span.extracting(used..<block.count), into: &output)
                used += taken
                guard isAtEnd, used == block.count, output.count == before, taken == 0 else { continue }
                guard decoder.isBetweenStreams else { throw .truncated(encoding) }
                return false
            } catch {
                throw OTLPFileError(path, .file, .compression(error))
            }
        }
        return true
    }

    private func readBlock() throws(OTLPFileError) {
        block.removeAll(keepingCapacity: true)
        used = 0
        var code: Int32 = 0
        block.append(addingCapacity: Self.blockBytes) { (room: inout OutputSpan<UInt8>) in
            room.withUnsafeMutableBufferPointer { bytes, filled in
                // A pipe gives less than asked; the first bytes are to tell what it holds.
                while filled < Self.blockBytes {
                    // Not empty inside the loop, so the base address is there.
                    let count = Glibc.read(descriptor, bytes.baseAddress! + filled, Self.blockBytes - filled)
                    if count < 0, errno == EINTR { continue }
                    if count < 0 { code = errno }
                    if count <= 0 { break }
                    filled += count
                }
            }
        }
        guard code == 0 else { throw Self.failure(path, "read it", code) }
        bytesRead += block.count
        if block.count < Self.blockBytes { isAtEnd = true }
    }

    private static func failure(_ path: String, _ operation: String, _ code: Int32) -> OTLPFileError {
        OTLPFileError(path, .file, .system(operation: operation, reason: String(cString: strerror(code))))
    }
}
