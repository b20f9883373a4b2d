/// What an operator should read in the log. `description` is the sentence.
package enum StoreEvent: Sendable, Equatable {
    case recovered(segments: Int, rebuilt: Int, milliseconds: Int)
    case indexDamaged(path: String, reason: String)
    /// Bytes of a log that are no valid frame. `keptAs` names the copy, where one could be made.
    case damaged(path: String, offset: Int, length: Int, keptAs: String?)
    case truncated(path: String, from: Int, to: Int)
    case frameUnreadable(path: String, offset: Int)
    case writeFailed(StoreError)
    case writingAgain(path: String)
    case sealFailed(path: String, StoreError)
    case deleteFailed(path: String, StoreError)
    case segmentDeleted(path: String, reason: String)
    case segmentRewritten(path: String, removed: ItemCounts, left: ItemCounts, reason: String)
    /// What is to be kept of it could not be found out.
    case keptWhole(path: String, reason: String)
    case rewriteFailed(path: String, StoreError)
    case clockJump(seconds: Int)
    /// So many frames of earlier segments with spans of its traces were left out: spans may count twice.
    case figuresIncomplete(path: String, frames: Int)
    case ledgerUnusable(path: String, reason: String)
    case ledgerNotWritten(path: String, StoreError)
}

extension StoreEvent: CustomStringConvertible {
    package var description: String {
        switch self {
        case .recovered(let segments, let rebuilt, let milliseconds):
            "store opened: \(segments) segments, \(rebuilt) indexes rebuilt, \(milliseconds) ms"
        case .indexDamaged(let path, let reason):
            "index '\(path)' is not usable (\(reason)); rebuilding it from the log"
        case .damaged(let path, let offset, let length, let keptAs):
            "log '\(path)' is damaged at byte \(offset), \(length) bytes; "
                + (keptAs.map { "copied to '\($0)'" } ?? "not copied, the quarantine is full or not writable")
        case .truncated(let path, let from, let to): "log '\(path)' had a torn end; cut from \(from) to \(to) bytes"
        case .frameUnreadable(let path, let offset): "log '\(path)' has an unreadable frame at byte \(offset); skipped"
        case .writeFailed(let error): "store refuses records: \(error)"
        case .writingAgain(let path): "store writes again, to '\(path)'"
        case .sealFailed(let path, let error): "sealing '\(path)' failed, trying again: \(error)"
        case .deleteFailed(let path, let error): "deleting '\(path)' failed, trying again: \(error)"
        case .segmentDeleted(let path, let reason): "segment '\(path)' deleted: \(reason)"
        case .segmentRewritten(let path, let removed, let left, let reason):
            "segment '\(path)' rewritten without \(removed.words): \(reason); \(left.words) left"
        case .keptWhole(let path, let reason):
            "segment '\(path)' stays whole: what is to be kept of it is not known: \(reason)"
        case .rewriteFailed(let path, let error): "rewriting '\(path)' failed; it stays as it was: \(error)"
        case .ledgerUnusable(let path, let reason):
            "ledger '\(path)' is not usable (\(reason)); it begins anew with what is held"
        case .ledgerNotWritten(let path, let error):
            "writing ledger '\(path)' failed, trying again: \(error)"
        case .figuresIncomplete(let path, let frames):
            "the figures of '\(path)' are not exact: its traces have spans in \(frames) more frames before it than are read"
        case .clockJump(let seconds):
            "wall clock jumped by \(seconds) s; retention by age keeps the old time until the new one is confirmed"
        }
    }
}
