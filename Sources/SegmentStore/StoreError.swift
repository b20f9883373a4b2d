package import Files
import Glibc

/// Why the store could not open, write or read.
package enum StoreError: Error, Equatable, Sendable {
    /// Another process holds the directory; 0 where it could not be told which.
    case locked(directory: String, process: Int32)
    case storage(StorageFailure)
    /// No file in the directory is one of a store's.
    case noStore(directory: String)
    /// The store was closed before the record was written.
    case closed
    /// A record longer than a frame can hold.
    case recordTooLarge(bytes: Int, limit: Int)
    case compression(String)
    /// A log that was to take another's place does not read back as it was written.
    case rewriteUnusable(path: String)
    case notSealed(path: String)
    case notDeleted(path: String)
    case ledgerNotWritten
    case threadFailed(code: Int32)
    /// An index file that was just written does not read back.
    case indexUnusable(path: String)

    /// True where room on the disk is what is missing, so that the same record can succeed later.
    package var isDiskFull: Bool {
        guard case .storage(let failure) = self else { return false }
        return [ENOSPC, EDQUOT, EFBIG].contains(failure.code)
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .locked(let directory, let process):
            let holder = process == 0 ? "another process" : "process \(process)"
            return "store directory '\(directory)' is locked by \(holder); is a second collector running?"
        case .storage(let failure):
            return isDiskFull ? "\(failure); free space or lower 'store.max_bytes'" : failure.description
        case .noStore(let directory):
            return "directory '\(directory)' holds no store; give the collector's 'store.directory'"
        case .closed: return "the store is closed"
        case .recordTooLarge(let bytes, let limit):
            return "record of \(bytes) bytes is over the store's limit of \(limit); send smaller batches"
        case .compression(let reason): return "compressing a frame failed: \(reason)"
        case .indexUnusable(let path): return "index '\(path)' does not read back as it was written"
        case .rewriteUnusable(let path): return "log '\(path)' does not read back as it was written"
        case .notSealed(let path): return "segment '\(path)' cannot be sealed; the log says why"
        case .notDeleted(let path): return "segment '\(path)' cannot be deleted; the log says why"
        case .ledgerNotWritten: return "the ledger cannot be written; the log says why"
        case .threadFailed(let code): return "starting a store thread failed: \(String(cString: strerror(code)))"
        }
    }
}
