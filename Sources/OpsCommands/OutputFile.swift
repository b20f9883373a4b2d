import CLinux
import Glibc

/// Writes files that people named.
enum OutputFile {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Writes all, or leaves no new file.
    /// - Parameter replaces: whether a file that is there may be written over.
    static func write(_ bytes: [UInt8], to path: String, replaces: Bool) throws(OpsError) {
        let descriptor = hms_open(path, O_WRONLY | O_CREAT | (replaces ? O_TRUNC : O_EXCL), 0o644)
        guard descriptor >= 0 else {
            let code = errno
            throw code == EEXIST ? .fileExists(path) : .file(path, operation: "write", code: code)
        }
        var offset = 0
        while offset < bytes.count {
            let written = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let code = errno
            if written > 0 {
                offset += written
            } else if code != EINTR {
                close(descriptor)
                if !replaces { unlink(path) }
                throw .file(path, operation: "write", code: code)
            }
        }
        guard close(descriptor) == 0 else { throw .file(path, operation: "write", code: errno) }
    }
}
