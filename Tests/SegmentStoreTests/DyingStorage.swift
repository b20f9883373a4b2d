import Files

@testable import SegmentStore

/// The file system until a chosen operation; from that one on nothing is done any more, as after kill -9. The operation
/// at which it dies is a write that is cut in half, where it is a write.
final class DyingStorage: Storage {
    private let left: Monitor<Int>
    private let local = LocalStorage()

    init(after operations: Int) { left = Monitor(operations) }

    var isDead: Bool { left.withLock { $0 <= 0 } }
    /// How many operations are left; negative when some were refused.
    var remaining: Int { left.withLock { $0 } }

    /// True while alive; the second value is true for the operation at which it dies.
    fileprivate func spend() -> (isAlive: Bool, isLast: Bool) {
        left.withLock { left in
            left -= 1
            return (left >= 0, left == 0)
        }
    }

    fileprivate func live(_ path: String) throws(StorageFailure) {
        guard spend().isAlive else { throw StorageFailure("dying at", path, code: 5) }
    }

    func create(_ path: String) throws(StorageFailure) -> any StorageFile {
        try live(path)
        return DyingFile(try local.create(path), path, self)
    }
    func openForWriting(_ path: String) throws(StorageFailure) -> any StorageFile {
        try live(path)
        return DyingFile(try local.openForWriting(path), path, self)
    }
    func rename(_ from: String, to: String) throws(StorageFailure) {
        try live(from)
        try local.rename(from, to: to)
    }
    func remove(_ path: String) throws(StorageFailure) {
        try live(path)
        try local.remove(path)
    }
    func synchronizeDirectory(_ path: String) throws(StorageFailure) { try live(path) }
}

private final class DyingFile: StorageFile {
    private let file: any StorageFile
    private let path: String
    private let storage: DyingStorage

    init(_ file: any StorageFile, _ path: String, _ storage: DyingStorage) {
        self.file = file
        self.path = path
        self.storage = storage
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(StorageFailure) {
        let (isAlive, isLast) = storage.spend()
        guard isAlive, !isLast else {
            if isAlive { try file.write(bytes.extracting(first: bytes.count / 2), at: offset) }
            throw StorageFailure("dying at", path, code: 5)
        }
        try file.write(bytes, at: offset)
    }
    func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure) {
        try file.read(length, at: offset, into: &buffer)
    }
    func synchronize() throws(StorageFailure) { try storage.live(path) }
    func truncate(to length: Int) throws(StorageFailure) {
        try storage.live(path)
        try file.truncate(to: length)
    }
    func reserve(from offset: Int, length: Int) {}
    func close() { file.close() }
}
