import CLinux
import Glibc

/// Reads small files whole.
enum FileText {
    /// The last `limit` bytes of a file as text; nil when it cannot be read.
    static func tail(_ path: String, limit: Int = 64 << 10) -> String? {
        let descriptor = hms_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        lseek(descriptor, max(0, size - limit), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: min(limit, max(0, size)))
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
