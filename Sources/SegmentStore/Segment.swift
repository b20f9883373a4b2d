import Outlines
import TraceModel
import WireFormat

/// One log and what is known of it: in memory while it grows and until it is sealed, mapped from its index file then.
/// Safe on any thread; the lock is held for lookups and insertions alone.
final class Segment: Sendable {
    let number: UInt32
    let salt: UInt64
    let logPath: String
    let indexPath: String
    private let content: Monitor<Content>
    /// Nil until somebody needs it, and once the segment is sealed. Held while figures are made, so the writer never waits
    /// for it.
    let draft = Monitor<SegmentDraft?>(nil)
    /// Of the traces that were looked for in earlier segments, so many in the order of their first appearance, the hashes of
    /// those that are there.
    private let spread = Monitor((checked: 0, hashes: [UInt32]()))

    private struct Content: Sendable {
        var memory: SegmentIndex?
        var sealed: SealedIndex?
        /// Frames already reported as unreadable.
        var unreadable: Set<UInt32> = []
        /// What the index file will say of senders and recent traces; set when the segment ends.
        var senders: [(SenderID, SenderWindows.Window)] = []
        var recent: [TraceID] = []
        /// What was written in its place.
        var successor: Segment?
        /// How far the holds on its traces had ended when retention last took what they did not hold.
        var stage: KeepStage?
    }

    init(growing index: SegmentIndex, directory: String) {
        number = index.summary.header.number
        salt = index.summary.header.salt
        (logPath, indexPath) = Segment.paths(directory, number)
        content = Monitor(Content(memory: index))
    }

    init(sealed index: SealedIndex, directory: String) {
        number = index.summary.header.number
        salt = index.summary.header.salt
        (logPath, indexPath) = Segment.paths(directory, number)
        content = Monitor(Content(sealed: index))
    }

    static func paths(_ directory: String, _ number: UInt32) -> (log: String, index: String) {
        let digits = String(number)
        let name = directory + "/" + String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        return (name + ".log", name + ".idx")
    }

    var summary: SegmentSummary {
        // A segment always has one of the two.
        content.withLock { $0.memory?.summary ?? $0.sealed!.summary }
    }
    var isSealed: Bool { content.withLock { $0.memory == nil } }
    var bytesOnDisk: Int {
        content.withLock { ($0.memory?.summary.logEnd ?? $0.sealed!.summary.logEnd) + ($0.sealed?.fileBytes ?? 0) }
    }
    var frameCount: Int { content.withLock { $0.memory?.frames.count ?? $0.sealed!.frameCount } }
    /// What its index in memory holds.
    var indexSize: (pairs: Int, tokens: Int, spans: UInt64) {
        content.withLock { content in
            guard let memory = content.memory else { return (0, 0, 0) }
            return (memory.traces.pairCount, memory.tokenCount, memory.summary.held.spans)
        }
    }
    var services: ServiceCatalogue { content.withLock { $0.memory?.services ?? $0.sealed!.services } }

    func frame(_ ordinal: UInt32) -> FrameRef? {
        content.withLock { content in
            if let memory = content.memory {
                return ordinal < UInt32(memory.frames.count) ? memory.frames[Int(ordinal)] : nil
            }
            guard let sealed = content.sealed, ordinal < UInt32(sealed.frameCount) else { return nil }
            return sealed.frame(Int(ordinal))
        }
    }

    /// The frames with spans of `id`, in the order in which they were written.
    func frames(of id: TraceID) -> [(ordinal: UInt32, ref: FrameRef)] {
        let sealed: SealedIndex? = content.withLock { $0.memory == nil ? $0.sealed : nil }
        if let sealed { return sealed.frames(of: id).map { ($0, sealed.frame(Int($0))) } }
        return content.withLock { content in
            if let memory = content.memory {
                return memory.traces.frames(of: id).map { ($0, memory.frames[Int($0)]) }
            }
            guard let sealed = content.sealed else { return [] }
            return sealed.frames(of: id).map { ($0, sealed.frame(Int($0))) }
        }
    }

    /// Its traces from the one with that number on, in the order of their first appearance; none once it is sealed.
    func traces(from first: Int) -> [TraceID] {
        content.withLock { content in
            guard let memory = content.memory, first < memory.traces.entries.count else { return [] }
            return memory.traces.entries[first...].map(\.id)
        }
    }

    /// Hashes of its traces that earlier segments hold spans of: each trace is looked for once. Nil for a sealed segment.
    func spreadTraces(given earlier: [Segment]) -> [UInt32]? {
        let known = spread.withLock { $0 }
        let fresh = traces(from: known.checked)
        if fresh.isEmpty { return isSealed ? nil : known.hashes }
        var hashes = known.hashes
        for id in fresh where earlier.contains(where: { !$0.frames(of: id).isEmpty }) {
            hashes.append(OutlineHash.of(id))
        }
        let checked = known.checked + fresh.count
        spread.withLock { if $0.checked < checked { $0 = (checked, hashes) } }
        return hashes
    }

    /// What it holds now; what comes later is not in it.
    var view: SegmentView {
        content.withLock { content in
            if let memory = content.memory { return SegmentView(self, growing: memory) }
            return SegmentView(self, sealed: content.sealed!)
        }
    }

    /// How many of its frames have a description.
    var describedFrameCount: Int { content.withLock { $0.memory?.contents.count ?? $0.sealed!.frameCount } }

    /// Changes the index of a growing segment.
    func grow<R>(_ body: (inout SegmentIndex) -> R) -> R {
        // Only the writer calls this, and only for the segment it has open, which has its index in memory.
        content.withLock { body(&$0.memory!) }
    }

    /// Notes what the index file is to say besides; the segment no longer grows after this.
    func end(senders: [(SenderID, SenderWindows.Window)], recent: [TraceID]) {
        content.withLock {
            $0.senders = senders
            $0.recent = recent
        }
    }

    /// What to write to the index file of a segment that ended, all but the summary. The arrays are shared, not copied.
    var indexContent: IndexFile.Content? {
        content.withLock { content in
            content.memory.map { IndexFile.Content(index: $0, senders: content.senders, recent: content.recent) }
        }
    }

    func becomeSealed(_ index: SealedIndex) {
        // Freed after the lock is given back: it may be large.
        let old = content.withLock { content in
            defer {
                content.memory = nil
                content.sealed = index
                content.senders = []
                content.recent = []
            }
            return content.memory
        }
        _ = consume old
    }

    /// Takes an index made anew from the log in place of an index file whose table turned out damaged.
    func becomeUnsealed(_ index: SegmentIndex) {
        content.withLock { content in
            if let snapshot = content.sealed?.snapshot() {
                content.senders = snapshot.senders
                content.recent = snapshot.recent
            }
            content.memory = index
            content.sealed = nil
        }
    }

    var sealedIndex: SealedIndex? { content.withLock { $0.memory == nil ? $0.sealed : nil } }

    /// The traces that had appeared last when it ended, and the senders' windows of that time.
    var snapshot: (senders: [(SenderID, SenderWindows.Window)], recent: [TraceID]) {
        let (sealed, senders, recent) = content.withLock { ($0.sealed, $0.senders, $0.recent) }
        return sealed?.snapshot() ?? (senders, recent)
    }

    var stage: KeepStage? { content.withLock { $0.stage } }
    func keptSince(_ stage: KeepStage?) { content.withLock { $0.stage = stage } }

    /// Names the segment that is about to take this one's place, before its log does; nil when that failed.
    func setSuccessor(_ segment: Segment?) { content.withLock { $0.successor = segment } }

    /// This one, or that of those written in its place whose log has the salt.
    func successor(withSalt salt: UInt64) -> Segment? {
        var candidate: Segment? = self
        while let segment = candidate, segment.salt != salt { candidate = segment.content.withLock { $0.successor } }
        return candidate
    }

    /// Whether something that it should hold was not to be read.
    var hasUnreadableFrames: Bool { content.withLock { !$0.unreadable.isEmpty } }

    /// True the first time it is told of this frame.
    func noteUnreadable(_ ordinal: UInt32) -> Bool {
        content.withLock { $0.unreadable.insert(ordinal).inserted }
    }
}
