package import Files

/// Why a store cannot be copied or put back.
package enum BackupError: Error, CustomStringConvertible {
    case storage(StorageFailure)
    /// The directory holds no log, no ledger and no lock.
    case noStore(String)
    case noBackup(String)
    case malformedManifest(path: String, reason: String)
    /// What the manifest lists is not what is there.
    case damaged(path: String, reason: String)
    case notEmpty(String, example: String)
    case inUse(String, process: Int32)

    package var description: String {
        switch self {
        case .storage(let failure): "\(failure)"
        case .noStore(let directory): "there is no store in '\(directory)'"
        case .noBackup(let directory): "there is no backup in '\(directory)'"
        case .malformedManifest(let path, let reason): "the manifest '\(path)' cannot be read: \(reason)"
        case .damaged(let path, let reason): "the backup is damaged: '\(path)' \(reason)"
        case .notEmpty(let directory, let example): "'\(directory)' is not empty: it holds '\(example)'"
        case .inUse(let directory, let process):
            "'\(directory)' is in use" + (process > 0 ? " by process \(process)" : " by another process")
        }
    }

    /// What to do about it; nil where the description says all.
    package var hint: String? {
        switch self {
        case .noStore: "name the collector's 'store.directory': --store DIR"
        case .noBackup: "a backup is a directory that hms-ops backup has written"
        case .notEmpty: "name a directory that is empty or not there; nothing is ever overwritten"
        case .inUse: "stop what uses it, or name another directory"
        case .damaged: "take another backup; the other files of this one may be whole"
        case .storage, .malformedManifest: nil
        }
    }
}
