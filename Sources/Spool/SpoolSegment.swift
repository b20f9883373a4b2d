import Files
import Synchronization

/// One file of a lane. The loop that fills the lane appends to it, the loop that forwards reads from it, and it is removed
/// when all that it holds is settled.
final class SpoolSegment: Sendable {
    let header: SegmentHeader
    /// Means nothing for one in memory.
    let path: String
    let isInMemory: Bool
    let file: any StorageFile
    private let state: Mutex<State>
    /// Written since the last fdatasync.
    let isDirty = Atomic<Bool>(false)
    /// The directory does not hold its name durably yet.
    let isNew = Atomic<Bool>(false)
    /// Nothing more may be written here: the file was unlinked by somebody, or fdatasync failed.
    let isForsaken = Atomic<Bool>(false)

    private struct State {
        var end: Int
        /// Batches that begin here and are not settled, the one that is filling included.
        var unsettled = 0
        var isSealed = false
    }

    init(header: SegmentHeader, path: String, isInMemory: Bool, file: any StorageFile, end: Int, isSealed: Bool) {
        self.header = header
        self.path = path
        self.isInMemory = isInMemory
        self.file = file
        state = Mutex(State(end: end, isSealed: isSealed))
    }

    deinit { file.close() }

    var end: Int { state.withLock { $0.end } }
    /// May be removed: nothing is added any more, and all is settled.
    var isDone: Bool { state.withLock { $0.isSealed && $0.unsettled == 0 } }
    var isSealed: Bool { state.withLock { $0.isSealed } }
    var isSettled: Bool { state.withLock { $0.unsettled == 0 } }

    /// False when nothing may be added any more. While it is being written a segment is not settled.
    func beginWriting() -> Bool {
        state.withLock { state in
            guard !state.isSealed else { return false }
            state.unsettled += 1
            return true
        }
    }

    func endWriting(through end: Int, newBatches: Int) {
        state.withLock {
            $0.end = end
            $0.unsettled += newBatches - 1
        }
        isDirty.store(true, ordering: .releasing)
    }

    func giveUpWriting() { settleOne() }

    /// Lets one go that is kept open and holds nothing that waits, so that its space can be given back.
    func sealIfSettled() { state.withLock { if $0.unsettled == 0 { $0.isSealed = true } } }

    func addUnsettled(_ batches: Int) { state.withLock { $0.unsettled += batches } }
    func settleOne() { state.withLock { $0.unsettled -= 1 } }
    func seal() { state.withLock { $0.isSealed = true } }
}
