import Files
import Glibc

@testable import SegmentStore

/// The file system, with faults that a test switches on and off.
final class FaultyStorage: Storage {
    struct Faults: Sendable {
        /// Bytes that may still be written before writes fail with ENOSPC; what fits is written.
        var room = Int.max
        var write: Int32?
        var synchronize: Int32?
        var truncate: Int32?
        var create: Int32?
        /// Paths of files that were synchronized, in order.
        var synchronized: [String] = []
    }
    let faults = Monitor(Faults())
    private let local = LocalStorage()

    func set(_ change: (inout Faults) -> Void) { faults.withLock { change(&$0) } }

    func create(_ path: String) throws(StorageFailure) -> any StorageFile {
        if let code = faults.withLock({ $0.create }) { throw StorageFailure("creating", path, code: code) }
        return FaultyFile(try local.create(path), path, faults)
    }
    func openForWriting(_ path: String) throws(StorageFailure) -> any StorageFile {
        FaultyFile(try local.openForWriting(path), path, faults)
    }
    func rename(_ from: String, to: String) throws(StorageFailure) { try local.rename(from, to: to) }
    func remove(_ path: String) throws(StorageFailure) { try local.remove(path) }
    func synchronizeDirectory(_ path: String) throws(StorageFailure) { try local.synchronizeDirectory(path) }
}

final class FaultyFile: StorageFile {
    private let file: any StorageFile
    private let path: String
    private let faults: Monitor<FaultyStorage.Faults>

    init(_ file: any StorageFile, _ path: String, _ faults: Monitor<FaultyStorage.Faults>) {
        self.file = file
        self.path = path
        self.faults = faults
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(StorageFailure) {
        let (room, code) = faults.withLock { faults in
            let room = faults.write == nil ? min(faults.room, bytes.count) : 0
            faults.room -= room
            return (room, faults.write ?? ENOSPC)
        }
        try file.write(Array(bytes.prefix(room)), at: offset)
        if room < bytes.count { throw StorageFailure("writing", path, code: code) }
    }
    func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure) {
        try file.read(length, at: offset, into: &buffer)
    }
    func synchronize() throws(StorageFailure) {
        if let code = faults.withLock({ $0.synchronize }) { throw StorageFailure("fdatasync of", path, code: code) }
        try file.synchronize()
        faults.withLock { $0.synchronized.append(path) }
    }
    func truncate(to length: Int) throws(StorageFailure) {
        if let code = faults.withLock({ $0.truncate }) { throw StorageFailure("truncating", path, code: code) }
        try file.truncate(to: length)
    }
    func reserve(from offset: Int, length: Int) { file.reserve(from: offset, length: length) }
    func close() { file.close() }
}
