import Files
import Glibc

/// Copies files, and looks at them.
enum FileCopy {
    static let blockBytes = 1 << 20

    struct Source: Equatable {
        var bytes: Int
        var modified: Int
    }

    /// Nil for what is not there or no regular file.
    static func look(_ path: String) -> Source? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Source(
            bytes: Int(status.st_size), modified: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec)
    }

    /// Copies the first `bytes` of a file, fewer where it is shorter, to a path where nothing is.
    static func copy(
        _ source: String, to target: String, bytes: Int, storage: any Storage, eachBlock: (Int) -> Void
    ) throws(StorageFailure) {
        let file = try ReadFile(source)
        let copy = try storage.create(target)
        defer { copy.close() }
        var block: [UInt8] = []
        var offset = 0
        while offset < bytes {
            try file.read(min(blockBytes, bytes - offset), at: offset, into: &block)
            if block.isEmpty { break }
            try copy.write(block, at: offset)
            offset += block.count
            eachBlock(block.count)
        }
    }

    static func truncate(_ path: String, to length: Int, storage: any Storage) throws(StorageFailure) {
        let file = try storage.openForWriting(path)
        defer { file.close() }
        try file.truncate(to: length)
    }

    static func synchronize(_ path: String, storage: any Storage) throws(StorageFailure) {
        let file = try storage.openForWriting(path)
        defer { file.close() }
        try file.synchronize()
    }

    static func sum(_ path: String) throws(StorageFailure) -> (bytes: Int, crc: UInt32) {
        let file = try ReadFile(path)
        var (offset, crc): (Int, UInt32) = (0, 0)
        var block: [UInt8] = []
        while true {
            try file.read(blockBytes, at: offset, into: &block)
            if block.isEmpty { return (offset, crc) }
            crc = block.withUnsafeBytes { checksum($0, continuing: crc) }
            offset += block.count
        }
    }

    /// Writes a file complete under another name, makes it durable, and gives it the name.
    static func replace(_ path: String, by bytes: [UInt8], storage: any Storage) throws(StorageFailure) {
        try storage.remove(path + ".new")
        let file = try storage.create(path + ".new")
        defer { file.close() }
        try file.write(bytes, at: 0)
        try file.synchronize()
        try storage.rename(path + ".new", to: path)
    }
}
