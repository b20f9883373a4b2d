import CLinux
import Glibc

/// Files in memory, for when no directory can be had. They have no names: each is gone when it is closed, and the kernel
/// counts their bytes to the process's control group and not to its resident memory.
package struct MemoryStorage: Storage {
    package init() {}

    package func create(_ path: String) throws(StorageFailure) -> any StorageFile {
        let descriptor = hms_memory_file("hms")
        guard descriptor >= 0 else { throw StorageFailure("creating in memory", path, code: errno) }
        return LocalFile(descriptor: descriptor, path: path)
    }

    package func openForWriting(_ path: String) throws(StorageFailure) -> any StorageFile {
        throw StorageFailure("opening in memory", path, code: ENOENT)
    }

    package func rename(_ from: String, to: String) throws(StorageFailure) {}
    package func remove(_ path: String) throws(StorageFailure) {}
    package func synchronizeDirectory(_ path: String) throws(StorageFailure) {}
}
