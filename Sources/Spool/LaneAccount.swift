package import Files
import Synchronization
import WireFormat

/// What one lane took and what became of it: `accepted = forwarded + moved + dropped + spooled`, in items. Shared by the
/// loop that fills the lane, the loop that empties it, and whoever reads the figures.
package final class LaneAccount: Sendable {
    package let key: LaneKey
    package let sender: SenderID
    let directory: String
    private let total: Atomic<UInt64>
    private let waiting = Atomic<Int>(0)
    private let settling: Mutex<Settling>
    private let segments: Mutex<[SpoolSegment]>
    private let spare = Mutex<SpoolSegment?>(nil)

    private struct Settling {
        var state: SettledState
        var generation: UInt64
        var file: SettledFile?
        /// Numbers of the batches that were posted and are not settled, ascending.
        var unsettled: [UInt64]
        /// One above the last batch that was posted; the one that is filling has this number.
        var firstUnposted: UInt64
    }

    init(
        key: LaneKey, sender: SenderID, directory: String, total: UInt64, nextBatch: UInt64, settled: SettledState,
        generation: UInt64, file: SettledFile?, segments: [SpoolSegment]
    ) {
        self.key = key
        self.sender = sender
        self.directory = directory
        self.total = Atomic(total)
        settling = Mutex(
            Settling(state: settled, generation: generation, file: file, unsettled: [], firstUnposted: nextBatch))
        self.segments = Mutex(segments)
    }

    // MARK: figures

    package struct Figures: Equatable, Sendable {
        package var accepted: UInt64
        package var settled: SettledState
        /// Never below nothing, whatever a damaged file said.
        package var spooled: UInt64 { accepted - min(accepted, settled.items) }
        package var nextSequence: UInt64
        /// Batches that are to be sent or on their way.
        package var waitingBatches: Int
    }

    /// One moment's figures: they agree with each other.
    package var figures: Figures {
        settling.withLock { settling in
            // Read after what is settled, so that it is never less.
            Figures(
                accepted: total.load(ordering: .acquiring), settled: settling.state,
                nextSequence: settling.firstUnposted, waitingBatches: settling.unsettled.count)
        }
    }

    /// Batches that were closed and are not settled.
    package var waitingBatches: Int { waiting.load(ordering: .relaxed) }

    // MARK: filling; called by the loop that fills the lane

    func accept(total items: UInt64) { total.store(items, ordering: .releasing) }

    /// To be called in the order of sequences, before the batch is handed on.
    func post(_ batch: SpooledBatch) {
        waiting.wrappingAdd(1, ordering: .relaxed)
        settling.withLock { settling in
            settling.unsettled.append(batch.sequence)
            settling.firstUnposted = batch.sequence + 1
        }
    }

    /// The next batch will have this number.
    ///
    /// - Parameter floor: below this one no later process begins a batch, as numbers there may have been used.
    func begin(at next: UInt64, floor: UInt64? = nil) {
        settling.withLock { settling in
            settling.firstUnposted = max(settling.firstUnposted, next)
            // What is not here any more is settled; without this a batch far beyond would never be in the window.
            settling.state.settle(0, oldestUnsettled: settling.unsettled.first ?? settling.firstUnposted)
            guard let floor else { return }
            settling.state.floor = floor
            settling.generation += 1
            try? settling.file?.write(settling.state, generation: settling.generation, sender: sender)
        }
    }

    func add(_ segment: SpoolSegment) { segments.withLock { $0.append(segment) } }

    var hasFile: Bool { settling.withLock { $0.file != nil } }

    /// The settled file of a lane that had none, once its directory can be had, or whose file was removed.
    func adopt(_ file: SettledFile) {
        settling.withLock { settling in
            settling.file = file
            settling.generation += 1
            try? file.write(settling.state, generation: settling.generation, sender: sender)
        }
    }

    // MARK: emptying; called by the loop that forwards

    /// How many of a batch's items went which way.
    package struct Outcome: Equatable, Sendable {
        package var forwarded: UInt64 = 0
        package var moved: UInt64 = 0
        package var dropped: [DropReason: UInt64] = [:]
        package init() {}
    }

    /// Whether a batch may be sent: its number has to be near the oldest one that is not settled.
    package func mayBeSent(_ sequence: UInt64) -> Bool {
        settling.withLock { sequence <= $0.state.through + SettledState.sendWindow }
    }

    /// Whether it could be noted that the batch is settled.
    package func mayBeSettled(_ sequence: UInt64) -> Bool {
        settling.withLock { sequence <= $0.state.through + SettledState.window }
    }

    /// Notes what became of a batch. What cannot be written is only told: the batch is then sent again after a restart, and
    /// known to the collector by its number.
    package func settle(_ batch: SpooledBatch, _ outcome: Outcome) -> StorageFailure? {
        waiting.wrappingSubtract(1, ordering: .relaxed)
        let failure: StorageFailure? = settling.withLock { settling in
            if let index = settling.unsettled.firstIndex(of: batch.sequence) { settling.unsettled.remove(at: index) }
            settling.state.forwarded &+= outcome.forwarded
            settling.state.moved &+= outcome.moved
            for (reason, items) in outcome.dropped { settling.state.drop(items, reason) }
            settling.state.settle(
                batch.sequence, oldestUnsettled: settling.unsettled.first ?? settling.firstUnposted)
            settling.generation += 1
            guard let file = settling.file else { return nil }
            do throws(StorageFailure) {
                try file.write(settling.state, generation: settling.generation, sender: sender)
                return nil
            } catch { return error }
        }
        batch.segment.settleOne()
        return failure
    }

    package func isSettled(_ batch: UInt64) -> Bool {
        settling.withLock { $0.state.contains(batch) }
    }

    /// Items that were found to be gone at the start.
    func dropDamaged(_ items: UInt64) {
        guard items > 0 else { return }
        settling.withLock { settling in
            settling.state.drop(items, .damaged)
            settling.generation += 1
            try? settling.file?.write(settling.state, generation: settling.generation, sender: sender)
        }
    }

    func synchronize() throws(StorageFailure) {
        let file = settling.withLock { $0.file }
        try file?.synchronize()
    }

    // MARK: files

    var currentSegments: [SpoolSegment] { segments.withLock { $0 } }

    /// Has segments that are kept open, and hold nothing that waits, be done with.
    func sealSettled() { segments.withLock { for segment in $0 { segment.sealIfSettled() } } }

    /// Keeps the file of a segment that is done, to be written over: its blocks and its pages are there already, which costs a
    /// fifth of having new ones. False when there is one already.
    func keepSpare(_ segment: SpoolSegment) -> Bool {
        spare.withLock { spare in
            guard spare == nil else { return false }
            spare = segment
            return true
        }
    }

    func takeSpare() -> SpoolSegment? {
        spare.withLock { spare in
            defer { spare = nil }
            return spare
        }
    }

    /// Takes out the segments that are done, oldest first; one that waits for a collector that stays away holds no others
    /// back. The last one that is done is kept unless `all` are wanted: it remembers which messages came.
    func takeDone(all: Bool) -> [SpoolSegment] {
        segments.withLock { segments in
            var done = segments.filter(\.isDone)
            if !all, !done.isEmpty { done.removeLast() }
            guard !done.isEmpty else { return [] }
            let taken = Set(done.map(ObjectIdentifier.init))
            segments.removeAll { taken.contains(ObjectIdentifier($0)) }
            return done
        }
    }
}
