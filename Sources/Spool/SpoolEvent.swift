package import Files

/// What an operator should hear of.
package enum SpoolEvent: Sendable {
    case recovered(lanes: Int, batches: Int, items: UInt64)
    /// Bytes that are no record; what they held is gone. `keptAs` is nil where there was no room to keep them.
    case damaged(path: String, offset: Int, length: Int, keptAs: String?)
    /// Items that were accepted and are found to be gone.
    case itemsLost(lane: String, items: UInt64)
    /// A file beside the segments, or the directory; `lost` says what it held.
    case fileUnreadable(path: String, reason: String, lost: String)
    case segmentUnreadable(path: String, reason: String, keptAs: String?)
    /// The directory cannot be written; `inMemory` tells whether telemetry is taken all the same.
    case directoryFailed(reason: String, inMemory: Bool)
    case directoryBack
    /// Somebody removed a file that was being written.
    case fileVanished(path: String)
    case syncFailed(StorageFailure)
}

/// Why the spool cannot take something.
package enum SpoolError: Error, Equatable, Sendable, CustomStringConvertible {
    case storage(StorageFailure)
    case locked(directory: String, process: Int32)
    /// The directory failed a moment ago and is not asked again yet.
    case unavailable(reason: String)
    /// Of what may be kept in memory, or on the disk.
    case full(inMemory: Bool)

    package var description: String {
        switch self {
        case .storage(let failure): "\(failure)"
        case .locked(let directory, let process):
            "spool directory '\(directory)' is locked by process \(process); is a second sidecar running?"
        case .unavailable(let reason): reason
        case .full(let inMemory): inMemory ? "the spool is in memory, and that is full" : "the spool is full"
        }
    }
}
