import CLinux
import Glibc

/// The file system.
package struct LocalStorage: Storage {
    package init() {}

    package func create(_ path: String) throws(StorageFailure) -> any StorageFile {
        try LocalFile(path, flags: O_RDWR | O_CREAT | O_EXCL, operation: "creating")
    }

    package func openForWriting(_ path: String) throws(StorageFailure) -> any StorageFile {
        try LocalFile(path, flags: O_RDWR, operation: "opening")
    }

    package func rename(_ from: String, to: String) throws(StorageFailure) {
        guard Glibc.rename(from, to) == 0 else { throw StorageFailure("renaming to", to, code: errno) }
    }

    package func remove(_ path: String) throws(StorageFailure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw StorageFailure("removing", path, code: errno) }
    }

    package func synchronizeDirectory(_ path: String) throws(StorageFailure) {
        let descriptor = hms_open(path, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw StorageFailure("opening", path, code: errno) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StorageFailure("fsync of", path, code: errno) }
    }
}

package final class LocalFile: StorageFile {
    private let descriptor: Int32
    private let path: String

    /// Takes over a descriptor that is open already; `path` names it in errors.
    package init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    init(_ path: String, flags: Int32, operation: String) throws(StorageFailure) {
        descriptor = hms_open(path, flags, 0o640)
        self.path = path
        guard descriptor >= 0 else { throw StorageFailure(operation, path, code: errno) }
    }

    package func write(_ bytes: Span<UInt8>, at offset: Int) throws(StorageFailure) {
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress! + written, buffer.count - written, off_t(offset + written))
            }  // not empty inside the loop, so the base address is there
            if result < 0 {
                if errno == EINTR { continue }
                throw StorageFailure("writing", path, code: errno)
            }
            guard result > 0 else { throw StorageFailure("writing", path, code: ENOSPC) }
            written += result
        }
    }

    package func synchronize() throws(StorageFailure) {
        guard fdatasync(descriptor) == 0 else { throw StorageFailure("fdatasync of", path, code: errno) }
    }

    package func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure) {
        try readFully(descriptor, path, length, at: offset, into: &buffer)
    }

    package func truncate(to length: Int) throws(StorageFailure) {
        guard ftruncate(descriptor, off_t(length)) == 0 else {
            throw StorageFailure("truncating", path, code: errno)
        }
    }

    package func reserve(from offset: Int, length: Int) {
        _ = hms_fallocate(descriptor, off_t(offset), off_t(length))
    }

    package func close() { _ = Glibc.close(descriptor) }
}
