/// A file being written. One thread uses it at a time. Tests put faults behind this.
package protocol StorageFile: Sendable {
    /// Writes all of `bytes` or throws; after a throw the file's content from `offset` on is unknown.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(StorageFailure)
    /// Data, and the length it needs to be found by, are on the disk when this returns.
    func synchronize() throws(StorageFailure)
    /// Reads up to `length` bytes at `offset` into `buffer`, replacing its content; fewer only at the end of the file.
    func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure)
    func truncate(to length: Int) throws(StorageFailure)
    /// Asks for blocks ahead of writing. Only a hint: failing is not an error.
    func reserve(from offset: Int, length: Int)
    func close()
}

extension StorageFile {
    package func write(_ bytes: [UInt8], at offset: Int) throws(StorageFailure) {
        try write(bytes.span, at: offset)
    }
}

/// Where files are made. Tests put faults behind this.
package protocol Storage: Sendable {
    /// Creates a file that must not exist.
    func create(_ path: String) throws(StorageFailure) -> any StorageFile
    func openForWriting(_ path: String) throws(StorageFailure) -> any StorageFile
    func rename(_ from: String, to: String) throws(StorageFailure)
    func remove(_ path: String) throws(StorageFailure)
    func synchronizeDirectory(_ path: String) throws(StorageFailure)
}
