package import Files
import Glibc
import SegmentStore

/// Copies a store into a directory while a collector writes to it.
///
/// The order makes the copy consistent. First the names of what is sealed are read, then the ledger is copied, then names are
/// read again and the logs are copied. So the ledger counts all of every log that is copied with its index (it was written
/// before that index), and nothing that is not in the logs; what the logs hold beyond it is counted from them at the start of
/// a restored store. A log that was not sealed at the first look is copied without an index, up to its last good frame.
package struct StoreBackup {
    /// Whether a directory holds a backup and not a store.
    package static func isBackup(_ directory: String) -> Bool { fileExists(directory + "/" + BackupManifest.name) }

    package struct Report: Sendable, Equatable {
        package var copiedFiles = 0
        package var copiedBytes = 0
        /// There already, and the same.
        package var keptFiles = 0
        package var keptBytes = 0
        /// Files of the backup before that the store has no more.
        package var removedFiles = 0
        package var frames = 0
        /// Stretches of logs that are no frames; copied as they are.
        package var damaged = 0
    }

    private let store: String
    private let directory: String
    private let storage: any Storage
    private let onProgress: (Report) -> Void
    private var report = Report()
    private var entries: [BackupManifest.Entry] = []
    /// What is told of a log whose frames are not all good.
    private let onDamage: (String) -> Void

    /// - Parameter store: the collector's `store.directory`.
    package static func run(
        from store: String, into directory: String, now: UInt64, storage: any Storage = LocalStorage(),
        onDamage: @escaping (String) -> Void = { _ in }, onProgress: @escaping (Report) -> Void = { _ in }
    ) throws(BackupError) -> Report {
        do throws(StorageFailure) { try makeDirectories(directory) } catch { throw .storage(error) }
        let lock: DirectoryLock
        do throws(DirectoryLock.Failure) {
            lock = try DirectoryLock(directory: directory)
        } catch {
            throw BackupError(error, directory)
        }
        defer { withExtendedLifetime(lock) {} }
        var report = try copyPart(from: store, into: directory, now, storage, Report(), onDamage, onProgress)
        do throws(StorageFailure) {
            let parts = try StoreParts.of(store)
            for part in parts { try makeDirectories(directory + "/" + part) }
            // Of tenants that are gone nothing stays.
            for part in try StoreParts.backedUp(directory).reversed() where !parts.contains(part) {
                try StoreParts.remove(directory + "/" + part, storage)
            }
        } catch { throw .storage(error) }
        let parts: [String]
        do throws(StorageFailure) { parts = try StoreParts.of(store) } catch { throw .storage(error) }
        for part in parts {
            report = try copyPart(
                from: store + "/" + part, into: directory + "/" + part, now, storage, report,
                { onDamage(part + "/" + $0) }, onProgress)
        }
        return report
    }

    /// One directory with the files in it; goes on with the sums of `report`.
    private static func copyPart(
        from store: String, into directory: String, _ now: UInt64, _ storage: any Storage, _ report: Report,
        _ onDamage: @escaping (String) -> Void, _ onProgress: @escaping (Report) -> Void
    ) throws(BackupError) -> Report {
        let isStore: Bool
        do throws(StorageFailure) { isStore = try !StoreFiles(store).isEmpty } catch { throw .storage(error) }
        guard isStore else { throw .noStore(store) }
        let before = try BackupManifest.read(directory)
        try refuseForeign(directory, before)
        var backup = StoreBackup(
            store: store, directory: directory, storage: storage, onProgress: onProgress, report: report,
            onDamage: onDamage)
        do throws(StorageFailure) {
            try backup.copyAll(before)
            try backup.finish(before, now: now)
        } catch {
            throw .storage(error)
        }
        return backup.report
    }

    /// Files that are neither this backup's nor left of an interrupted one are somebody else's: they would be removed.
    private static func refuseForeign(_ directory: String, _ before: BackupManifest?) throws(BackupError) {
        guard before == nil else { return }
        let names: [String]
        do throws(StorageFailure) { names = try listDirectory(directory) } catch { throw .storage(error) }
        if let foreign = names.sorted().first(where: { $0 != "lock" && !isOurs($0) }) {
            throw .notEmpty(directory, example: foreign)
        }
    }

    /// Names that backups make.
    private static func isOurs(_ name: String) -> Bool {
        name == StoreParts.receipts || name == StoreParts.tenants || name.hasSuffix(".copying")
            || name == BackupManifest.name + ".new"
            || name.split(separator: ".").last.map { $0.hasPrefix("b") && Int($0.dropFirst()) != nil } ?? false
            || name.hasSuffix(".log") || name.hasSuffix(".idx")
    }

    private mutating func copyAll(_ before: BackupManifest?) throws(StorageFailure) {
        let number = (before?.number ?? 0) + 1
        let sealed = try StoreFiles(store)
        // The ledger, and what else is replaced whole, before any log: see above.
        for name in sealed.others {
            _ = try copy(name, number, before, isFinal: false)
        }
        for log in try StoreFiles(store).logs.sorted() {
            let companions = sealed.logs.contains(log) ? sealed.companions[log] ?? [] : []
            let isSealed = companions.contains(log + ".idx")
            // Retention may have deleted it meanwhile; the ledger's list then tells the restored store the same.
            guard try copy(log + ".log", number, before, isFinal: isSealed) else { continue }
            guard isSealed else { continue }
            for name in companions.sorted() { _ = try copy(name, number, before, isFinal: true) }
        }
    }

    /// False when the file is gone.
    private mutating func copy(
        _ name: String, _ number: Int, _ before: BackupManifest?, isFinal: Bool
    ) throws(StorageFailure) -> Bool {
        guard let source = FileCopy.look(store + "/" + name) else { return false }
        if isFinal, let known = before?[name], known.isFinal, known.sourceBytes == source.bytes,
            known.modified == source.modified, FileCopy.look(directory + "/" + known.stored)?.bytes == known.bytes
        {
            entries.append(known)
            report.keptFiles += 1
            report.keptBytes += known.bytes
            return true
        }
        // A name that no manifest has yet: the backup before stays whole until this one is.
        let isTaken = before?.entries.contains { $0.stored == name } ?? false
        let stored = isFinal && !isTaken ? name : "\(name).b\(number)"
        let temporary = directory + "/" + name + ".copying"
        try storage.remove(temporary)
        do throws(StorageFailure) {
            // A log may grow for ever; what is replaced whole is read to the end of the file that was opened.
            let bytes = name.hasSuffix(".log") ? source.bytes : .max
            try FileCopy.copy(store + "/" + name, to: temporary, bytes: bytes, storage: storage) { count in
                report.copiedBytes += count
                onProgress(report)
            }
        } catch {
            guard error.code == ENOENT, error.operation == "opening" else { throw error }
            return false
        }
        if StoreFiles.isSegmentLog(name) { try check(temporary, name, isFinal: isFinal) }
        let (bytes, crc) = try FileCopy.sum(temporary)
        try FileCopy.synchronize(temporary, storage: storage)
        try storage.rename(temporary, to: directory + "/" + stored)
        entries.append(
            BackupManifest.Entry(
                name: name, stored: stored, bytes: bytes, crc: crc, isFinal: isFinal, modified: source.modified,
                sourceBytes: source.bytes))
        report.copiedFiles += 1
        return true
    }

    /// Looks at every frame of a copied log, and cuts off what was being written when it was copied.
    private mutating func check(_ path: String, _ name: String, isFinal: Bool) throws(StorageFailure) {
        guard let check = try LogCheck.of(path) else {
            report.damaged += 1
            return onDamage("\(name) does not begin like a log; it is copied as it is")
        }
        report.frames += check.frames
        if check.damaged > 0 {
            report.damaged += check.damaged
            onDamage("\(check.damaged) stretches of \(name) are damaged; they are copied as they are")
        }
        guard check.end < check.length else { return }
        if isFinal {
            report.damaged += 1
            onDamage("the end of \(name) is damaged; it is copied as it is")
        } else {
            try FileCopy.truncate(path, to: check.end, storage: storage)
        }
    }

    private mutating func finish(_ before: BackupManifest?, now: UInt64) throws(StorageFailure) {
        let manifest = BackupManifest(number: (before?.number ?? 0) + 1, taken: now, entries: entries)
        try storage.synchronizeDirectory(directory)
        try FileCopy.replace(directory + "/" + BackupManifest.name, by: manifest.json(), storage: storage)
        try storage.synchronizeDirectory(directory)
        let kept = Set(entries.map(\.stored) + [BackupManifest.name, "lock"])
        for name in try listDirectory(directory) where !kept.contains(name) {
            guard FileCopy.look(directory + "/" + name) != nil else { continue }
            try storage.remove(directory + "/" + name)
            report.removedFiles += 1
        }
    }
}

extension BackupError {
    init(_ failure: DirectoryLock.Failure, _ directory: String) {
        switch failure {
        case .storage(let failure): self = .storage(failure)
        case .locked(let process): self = .inUse(directory, process: process)
        }
    }
}
