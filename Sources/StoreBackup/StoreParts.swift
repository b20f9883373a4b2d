import Files
import Glibc

/// The directories of a store that hold more than its own files: receipts of erasures, and what belongs to tenants. Each is
/// copied like a store, with a manifest of its own.
enum StoreParts {
    static let receipts = "receipts"
    static let tenants = "tenants"

    /// Paths below the directory, each with a file that is worth a copy; a tenant before what is below it.
    static func of(_ directory: String) throws(StorageFailure) -> [String] {
        var parts: [String] = []
        for part in try candidates(directory) where try !StoreFiles(directory + "/" + part).isEmpty {
            parts.append(part)
        }
        return parts
    }

    /// The parts of a backup: those that have a manifest.
    static func backedUp(_ directory: String) throws(StorageFailure) -> [String] {
        try candidates(directory).filter { fileExists(directory + "/" + $0 + "/" + BackupManifest.name) }
    }

    private static func candidates(_ directory: String) throws(StorageFailure) -> [String] {
        var found: [String] = []
        if isDirectory(directory + "/" + receipts) { found.append(receipts) }
        guard isDirectory(directory + "/" + tenants) else { return found }
        for name in try listDirectory(directory + "/" + tenants).sorted() {
            let tenant = tenants + "/" + name
            guard !name.hasPrefix("."), isDirectory(directory + "/" + tenant) else { continue }
            found.append(tenant)
            if isDirectory(directory + "/" + tenant + "/" + receipts) { found.append(tenant + "/" + receipts) }
        }
        return found
    }

    /// Not where a link leads.
    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Removes a directory with the files and directories in it.
    static func remove(_ path: String, _ storage: any Storage) throws(StorageFailure) {
        for name in try listDirectory(path) {
            let inner = path + "/" + name
            if isDirectory(inner) { try remove(inner, storage) } else { try storage.remove(inner) }
        }
        guard rmdir(path) == 0 else { throw StorageFailure("removing", path, code: errno) }
    }
}
