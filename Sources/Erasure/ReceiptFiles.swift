package import Files
import Glibc

/// The receipts of one store, a file each in `receipts/` below its directory, readable by its owner alone.
package struct ReceiptFiles: Sendable {
    private let directory: String

    /// - Parameter directory: the store's.
    package init(directory: String) { self.directory = directory + "/receipts" }

    private func path(_ id: String) -> String { "\(directory)/\(id).json" }

    /// Replaces the receipt whole, and makes it durable.
    package func write(_ receipt: EraseReceipt) throws(StorageFailure) {
        try makeDirectories(directory)
        let (path, storage) = (path(receipt.id), LocalStorage())
        let temporary = path + ".new"
        try storage.remove(temporary)
        let file = try storage.create(temporary)
        defer { file.close() }
        guard chmod(temporary, 0o600) == 0 else { throw StorageFailure("chmod of", temporary, code: errno) }
        try file.write(receipt.json, at: 0)
        try file.synchronize()
        try storage.rename(temporary, to: path)
        try storage.synchronizeDirectory(directory)
    }

    /// Nil where there is none of that id.
    package func read(_ id: String) throws(StorageFailure) -> [UInt8]? {
        guard EraseReceipt.isID(id) else { return nil }
        do throws(StorageFailure) {
            let file = try ReadFile(path(id))
            var bytes: [UInt8] = []
            try file.read(min(try file.size(), 16 << 20), at: 0, into: &bytes)
            return bytes
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }
}
