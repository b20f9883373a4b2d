/// A consistent copy of the store's figures.
package struct StoreStatistics: Sendable, Equatable {
    /// Items made durable since the store was opened.
    package var stored = ItemCounts()
    /// Items of records that were stored already when they came, since the store was opened.
    package var duplicates = ItemCounts()
    /// Items whose submit ended in an error, since the store was opened.
    package var failed = ItemCounts()
    /// Items on the disk now, in all segments.
    package var held = ItemCounts()
    /// Items that retention removed since the store was opened.
    package var expired = ItemCounts()
    /// Items that were erased since the store was opened.
    package var erased = ItemCounts()
    /// Erasures that ended; whoever keeps what was read forgets it when this changes.
    package var erasures: UInt64 = 0
    package var records: UInt64 = 0
    package var bytesOnDisk = 0
    package var segments = 0
    package var segmentsDeleted: UInt64 = 0
    package var commits: UInt64 = 0
    package var frames: UInt64 = 0
    package var syncs: UInt64 = 0
    package var syncNanoseconds: UInt64 = 0
    package var slowestSyncNanoseconds: UInt64 = 0
    /// Stretches of a log that were found damaged, at open or while reading.
    package var damagedFrames: UInt64 = 0
    package var quarantinedBytes: UInt64 = 0
    /// Records that the scanner refused while an index was rebuilt: kept, not found by trace.
    package var unindexedRecords: UInt64 = 0
    package var queueBytes = 0
    /// Of frames that are kept for the next search.
    package var cachedBytes = 0
    package var queueRecords = 0
    package var refusedSubmits: UInt64 = 0
    /// False while the disk refuses writes.
    package var isReady = true
    /// The last write that failed, kept after recovery.
    package var lastError: StoreError?

    package init() {}
}
