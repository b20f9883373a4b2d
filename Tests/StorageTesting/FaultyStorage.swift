package import Files
import Glibc
import Synchronization

/// The file system, with faults that a test switches on and off.
package final class FaultyStorage: Storage {
    package struct Faults: Sendable {
        /// Bytes that may still be written before writes fail with ENOSPC; what fits is written.
        package var room = Int.max
        package var write: Int32?
        package var synchronize: Int32?
        package var truncate: Int32?
        package var create: Int32?
        /// Files whose paths contain it cannot be created.
        package var refusesPaths: String?
        package var read: Int32?
        /// Paths of files, and then of directories, that were synchronized, in order.
        package var synchronized: [String] = []
        package var synchronizedDirectories: [String] = []

        package init() {}
    }
    private let faults = Mutex(Faults())
    private let local = LocalStorage()

    package init() {}

    package func set(_ change: (inout Faults) -> Void) { faults.withLock { change(&$0) } }
    package var current: Faults { faults.withLock { $0 } }

    package func create(_ path: String) throws(StorageFailure) -> any StorageFile {
        if let code = current.create { throw StorageFailure("creating", path, code: code) }
        if let part = current.refusesPaths, path.contains(part) { throw StorageFailure("creating", path, code: EIO) }
        return FaultyFile(try local.create(path), path, self)
    }
    package func openForWriting(_ path: String) throws(StorageFailure) -> any StorageFile {
        FaultyFile(try local.openForWriting(path), path, self)
    }
    package func rename(_ from: String, to: String) throws(StorageFailure) { try local.rename(from, to: to) }
    package func remove(_ path: String) throws(StorageFailure) { try local.remove(path) }
    package func synchronizeDirectory(_ path: String) throws(StorageFailure) {
        try local.synchronizeDirectory(path)
        set { $0.synchronizedDirectories.append(path) }
    }
}

private final class FaultyFile: StorageFile {
    private let file: any StorageFile
    private let path: String
    private let storage: FaultyStorage

    init(_ file: any StorageFile, _ path: String, _ storage: FaultyStorage) {
        self.file = file
        self.path = path
        self.storage = storage
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(StorageFailure) {
        var (room, code) = (0, ENOSPC)
        storage.set { faults in
            room = faults.write == nil ? min(faults.room, bytes.count) : 0
            faults.room -= room
            code = faults.write ?? ENOSPC
        }
        try file.write(bytes.extracting(first: room), at: offset)
        if room < bytes.count { throw StorageFailure("writing", path, code: code) }
    }
    func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure) {
        if let code = storage.current.read { throw StorageFailure("reading", path, code: code) }
        try file.read(length, at: offset, into: &buffer)
    }
    func synchronize() throws(StorageFailure) {
        if let code = storage.current.synchronize { throw StorageFailure("fdatasync of", path, code: code) }
        try file.synchronize()
        storage.set { $0.synchronized.append(path) }
    }
    func truncate(to length: Int) throws(StorageFailure) {
        if let code = storage.current.truncate { throw StorageFailure("truncating", path, code: code) }
        try file.truncate(to: length)
    }
    func reserve(from offset: Int, length: Int) { file.reserve(from: offset, length: length) }
    func close() { file.close() }
}
