package import Compression
import Glibc
import OTLP
package import WireFormat

/// Writes requests to an OTLP file. Each compressed block is a gzip member or zstd frame of its own, so a file that was cut
/// at a length told by `flush` is whole, and more can be appended to it. Lives on one thread.
package final class OTLPFileWriter {
    package enum Format: String, Sendable, CaseIterable {
        /// A line of OTLP/JSON for each request, unknown fields kept.
        case jsonl
        /// Each request behind its length as a varint.
        case protobuf
    }

    private static let blockBytes = 1 << 20

    private let path: String
    private let descriptor: Int32
    private let format: Format
    private let encoding: ContentEncoding
    private var zstd: ZstdCompressor?
    private var gzip: GzipCompressor?
    private var pending: [UInt8] = []
    /// Bytes written so far.
    package private(set) var length: Int

    /// - Parameters:
    ///   - path: `-` is standard output.
    ///   - length: what of a file that is there already is kept; the rest is cut off.
    ///   - encoding: identity, gzip or zstd.
    package init(
        _ path: String, format: Format, encoding: ContentEncoding, keeping length: Int = 0
    ) throws(OTLPFileError) {
        self.path = path == "-" ? "standard output" : path
        self.format = format
        self.encoding = encoding
        self.length = length
        descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        do throws(CompressionError) {
            switch encoding {
            case .zstd: zstd = ZstdCompressor(level: 3)
            case .gzip: gzip = try GzipCompressor(level: 6)
            case .identity, .deflate: break
            }
        } catch {
            throw OTLPFileError(path, .file, .compression(error))
        }
        guard descriptor >= 0 else { throw Self.failure(self.path, "open it", errno) }
        if path != "-" {
            guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
                throw Self.failure(self.path, "cut it to \(length) bytes", errno)
            }
        }
    }

    deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

    /// What a file's name says about how it is packed.
    package static func encoding(of path: String) -> ContentEncoding {
        if path.hasSuffix(".zst") || path.hasSuffix(".zstd") { return .zstd }
        return path.hasSuffix(".gz") ? .gzip : .identity
    }

    package func append(_ message: [UInt8], _ kind: SignalKind) throws(OTLPFileError) {
        switch format {
        case .jsonl:
            do throws(WireError) {
                pending += try OTLPJSON.json(fromProtobuf: message, kind: kind, unknown: .kept)
            } catch {
                throw OTLPFileError(path, .byte(length), .wire(error))
            }
            pending.append(UInt8(ascii: "\n"))
        case .protobuf:
            var prefix = ProtobufWriter(capacity: 10)
            prefix.appendVarint(UInt64(message.count))
            pending += prefix.bytes
            pending += message
        }
        if pending.count >= Self.blockBytes { try write() }
    }

    /// Writes what is pending and returns the file's length; with `durably` it is on the disk then.
    package func flush(durably: Bool = false) throws(OTLPFileError) -> Int {
        try write()
        if durably, fdatasync(descriptor) != 0, errno != EINVAL, errno != EROFS {
            throw Self.failure(path, "make it durable", errno)
        }
        return length
    }

    private func write() throws(OTLPFileError) {
        guard !pending.isEmpty else { return }
        var packed: [UInt8] = []
        do throws(CompressionError) {
            switch encoding {
            case .zstd: try zstd?.compress(pending.span, into: &packed)
            case .gzip: try gzip?.compress(pending.span, into: &packed)
            case .identity, .deflate: packed = pending
            }
        } catch {
            throw OTLPFileError(path, .file, .compression(error))
        }
        pending.removeAll(keepingCapacity: pending.capacity <= 4 << 20)
        var written = 0
        while written < packed.count {
            let count = packed[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path, "write to it", count < 0 ? errno : ENOSPC) }
            written += count
        }
        length += packed.count
    }

    private static func failure(_ path: String, _ operation: String, _ code: Int32) -> OTLPFileError {
        OTLPFileError(path, .file, .system(operation: operation, reason: String(cString: strerror(code))))
    }
}
