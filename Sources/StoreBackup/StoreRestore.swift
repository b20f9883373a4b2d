package import Files
import Glibc

/// Puts a backup back as a store: into a directory beside the wanted one, which takes its name once all of it is there and
/// agrees with the manifest.
package enum StoreRestore {
    package struct Report: Sendable, Equatable {
        package var files = 0
        package var bytes = 0
        /// When the backup was taken, in Unix nanoseconds.
        package var taken: UInt64 = 0
    }

    package static func run(
        from directory: String, into store: String, storage: any Storage = LocalStorage(),
        onProgress: @escaping (Report) -> Void = { _ in }
    ) throws(BackupError) -> Report {
        guard let manifest = try BackupManifest.read(directory) else { throw .noBackup(directory) }
        try refuseUsed(store)
        var report = Report(taken: manifest.taken)
        let target = store + ".restoring"
        do throws(StorageFailure) {
            // What an interrupted restore left.
            if fileExists(target) { try StoreParts.remove(target, storage) }
            try makeDirectories(target)
        } catch {
            throw .storage(error)
        }
        try restore(manifest, from: directory, into: target, storage, &report, onProgress)
        let parts: [String]
        do throws(StorageFailure) { parts = try StoreParts.backedUp(directory) } catch { throw .storage(error) }
        for part in parts {
            guard let manifest = try BackupManifest.read(directory + "/" + part) else { continue }
            let place = target + "/" + part
            do throws(StorageFailure) { try makeDirectories(place) } catch { throw .storage(error) }
            try restore(manifest, from: directory + "/" + part, into: place, storage, &report, onProgress)
            do throws(StorageFailure) {
                try storage.synchronizeDirectory(place)
                try storage.synchronizeDirectory(parent(of: place))
            } catch { throw .storage(error) }
        }
        do throws(StorageFailure) {
            try storage.synchronizeDirectory(target)
            try? storage.remove(store + "/lock")
            // Takes the place of an empty directory, and of nothing else.
            try storage.rename(target, to: store)
            try storage.synchronizeDirectory(parent(of: store))
        } catch {
            throw .storage(error)
        }
        return report
    }

    private static func restore(
        _ manifest: BackupManifest, from directory: String, into target: String, _ storage: any Storage,
        _ report: inout Report, _ onProgress: (Report) -> Void
    ) throws(BackupError) {
        for entry in manifest.entries {
            try restore(entry, from: directory, into: target, storage) { count in
                report.bytes += count
                onProgress(report)
            }
            report.files += 1
        }
    }

    private static func restore(
        _ entry: BackupManifest.Entry, from directory: String, into target: String, _ storage: any Storage,
        _ eachBlock: (Int) -> Void
    ) throws(BackupError) {
        let source = directory + "/" + entry.stored
        let path = target + "/" + entry.name
        let sum: (bytes: Int, crc: UInt32)
        do throws(StorageFailure) {
            try FileCopy.copy(source, to: path, bytes: entry.bytes + 1, storage: storage, eachBlock: eachBlock)
            sum = try FileCopy.sum(path)
            try FileCopy.synchronize(path, storage: storage)
        } catch {
            guard error.code == ENOENT, error.path == source else { throw .storage(error) }
            throw .damaged(path: source, reason: "is missing")
        }
        guard sum.bytes == entry.bytes else {
            throw .damaged(path: source, reason: "has not the \(entry.bytes) bytes that the manifest names")
        }
        guard sum.crc == entry.crc else {
            throw .damaged(path: source, reason: "has another checksum than its manifest")
        }
    }

    private static func refuseUsed(_ store: String) throws(BackupError) {
        guard fileExists(store) else { return }
        let names: [String]
        do throws(StorageFailure) { names = try listDirectory(store) } catch { throw .storage(error) }
        if names.contains("lock") {
            do throws(DirectoryLock.Failure) {
                _ = try DirectoryLock(directory: store)
            } catch {
                throw BackupError(error, store)
            }
        }
        if let other = names.sorted().first(where: { $0 != "lock" }) { throw .notEmpty(store, example: other) }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
