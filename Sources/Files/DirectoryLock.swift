import CLinux
import Glibc

/// Holds the file `lock` in a directory for as long as it lives: one process, and one owner in it, at a time.
package final class DirectoryLock: Sendable {
    private let descriptor: Int32

    package enum Failure: Error, Equatable, Sendable {
        case storage(StorageFailure)
        /// By another process; 0 when that has not said which it is.
        case locked(process: Int32)
    }

    package init(directory: String) throws(Failure) {
        let path = directory + "/lock"
        descriptor = hms_open(path, O_RDWR | O_CREAT, 0o640)  // `deinit` closes it, also when this throws
        guard descriptor >= 0 else { throw .storage(StorageFailure("opening", path, code: errno)) }
        guard hms_flock_exclusive(descriptor) == 0 else {
            let code = errno
            let holder = Self.holder(descriptor)
            guard code == EWOULDBLOCK else { throw .storage(StorageFailure("locking", path, code: code)) }
            throw .locked(process: holder)
        }
        // Only for the sentence that a second process prints; a full disk may leave it empty.
        let text = Array(String(getpid()).utf8)
        if ftruncate(descriptor, 0) == 0 {
            _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The process that holds a directory, 0 where it has not said which it is; nil where none does. Writes nothing; who
    /// takes the lock at this very moment may be refused.
    package static func holder(of directory: String) -> Int32? {
        let probe = hms_open(directory + "/lock", O_RDONLY, 0)
        guard probe >= 0 else { return nil }
        defer { close(probe) }
        return hms_flock_exclusive(probe) == 0 ? nil : holder(probe)
    }

    private static func holder(_ descriptor: Int32) -> Int32 {
        var text = [UInt8](repeating: 0, count: 16)
        let count = text.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count > 0 ? Int32(String(decoding: text.prefix(count), as: UTF8.self)) ?? 0 : 0
    }
}
