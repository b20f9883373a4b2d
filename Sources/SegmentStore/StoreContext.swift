import CLinux
import TraceModel

/// What the store's threads and its callers share.
final class StoreContext: Sendable {
    let directory: String
    let options: StoreOptions
    let log: @Sendable (StoreEvent) -> Void
    let queue: Monitor<SubmitQueue>
    /// Oldest first. Held only to copy or change the list.
    let segments: Monitor<[Segment]>
    let figures: Monitor<Figures>
    let ledger: Monitor<StoreLedger>
    let maintenance: Monitor<MaintenanceQueue>
    let describing: Monitor<DescribeLoop.Queue>
    /// Traces of sealed segments; nil until the first look through all of them is done.
    let sealedTraces: Monitor<TraceFilter?>
    let frames: FrameCache

    struct Figures: Sendable {
        var statistics: StoreStatistics
        var recent: RecentTraces
    }

    /// What waits for the thread that seals.
    struct MaintenanceQueue: Sendable {
        var ended: [Segment] = []
        var unverified: [Segment] = []
        /// Sealed segments of an earlier run whose traces are not known yet without a look into the file.
        var unlearned: [Segment] = []
        /// The writer will add no more.
        var isClosing = false
        /// Something was taken from the lists and is not done.
        var isBusy = false
        var jobs: [MaintenanceJob] = []
        var sweepsAsked = 0
        var sweepsDone = 0
        /// The ledger waits to be written.
        var isLedgerStale = false
    }

    init(
        directory: String, options: StoreOptions, log: @escaping @Sendable (StoreEvent) -> Void,
        recovered: StoreRecovery.Outcome
    ) {
        self.directory = directory
        self.options = options
        self.log = log
        describing = Monitor(DescribeLoop.Queue())
        sealedTraces = Monitor(nil)
        frames = FrameCache(maxBytes: options.frameCacheBytes)
        queue = Monitor(SubmitQueue(maxBytes: options.maxQueuedBytes))
        segments = Monitor(recovered.segments)
        ledger = Monitor(recovered.ledger)
        figures = Monitor(Figures(statistics: recovered.statistics, recent: recovered.recent))
        maintenance = Monitor(
            MaintenanceQueue(
                ended: recovered.unsealed, unverified: recovered.segments.filter(\.isSealed),
                unlearned: recovered.segments.filter(\.isSealed),
                isLedgerStale: recovered.ledger.needsWriting))
    }

    var quarantine: Quarantine {
        Quarantine(
            directory: directory + "/quarantine", maxBytes: options.maxQuarantineBytes, storage: options.storage)
    }

    /// Pages of mapped files, beyond which those of this store's indexes are given back: one search may touch all of them. What is
    /// needed again comes again.
    private static let maxMapped: UInt64 = 176 << 20

    static var hasManyPages: Bool { hms_mapped_bytes() > maxMapped }

    func boundPages() {
        guard Self.hasManyPages else { return }
        for segment in segments.withLock({ $0 }) { segment.sealedIndex?.releasePages() }
    }

    /// Changes the ledger, and has it written in time when the change is one that only its file remembers.
    func account(_ change: (inout StoreLedger) -> Void) {
        let becameStale = ledger.withLock { ledger in
            let was = ledger.needsWriting
            change(&ledger)
            return ledger.needsWriting && !was
        }
        if becameStale { maintenance.update { $0.isLedgerStale = true } }
    }

    /// Counts and tells a frame that cannot be read, once.
    func note(unreadable frame: Int, of segment: Segment, at ref: FrameRef) {
        guard segment.noteUnreadable(UInt32(frame)) else { return }
        count { $0.damagedFrames &+= 1 }
        log(.frameUnreadable(path: segment.logPath, offset: Int(clamping: ref.offset)))
    }

    /// Erasures that ended since the store was opened.
    var erasures: UInt64 { figures.withLock { $0.statistics.erasures } }

    func count(_ change: (inout StoreStatistics) -> Void) { figures.withLock { change(&$0.statistics) } }
}
