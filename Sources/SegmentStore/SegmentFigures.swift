import Files
import SpanTokens
package import Summaries
import TraceModel
import WireFormat

/// Makes a segment's figures: what its spans change in the sums, given the spans that earlier segments hold. Runs on the thread
/// that seals or on one that answers a query. The segment's draft, for which the describing thread waits, is locked while spans
/// are put into it and while they are summed up, never while files are read.
struct SegmentFigures {
    private let context: StoreContext
    private let reader = FrameReader()

    /// Frames of earlier segments that are read for one segment; what lies beyond them counts twice, and is told.
    static let maxEarlierFrames = 65_536

    init(_ context: StoreContext) { self.context = context }

    /// Nil for a segment that is sealed already.
    func summary(of segment: Segment, fresh: Bool) -> (summary: Summary, at: UInt64)? {
        guard begin(segment) else { return nil }
        lookUp(segment)
        return segment.draft.withLock { draft in
            // Changed in place: nothing is copied.
            draft?.summary(fresh: fresh, now: context.options.clock.monotonic)
        }
    }

    /// What the index file of a segment that ended tells of its spans; nil for one that is sealed already.
    func summaryAndOutlines(of segment: Segment) -> (summary: Summary, outlines: [UInt8], spread: [UInt32])? {
        guard begin(segment) else { return nil }
        lookUp(segment)
        let lastReceivedAt = segment.summary.lastReceivedAt
        return segment.draft.withLock { $0?.summaryAndOutlines(lastReceivedAt: lastReceivedAt) }
    }

    /// Sees to it that there is a draft: frames that an earlier run wrote are read. False for a sealed segment.
    private func begin(_ segment: Segment) -> Bool {
        var own = SegmentDraft()
        var round = 0
        while true {
            if segment.draft.withLock({ $0 != nil }) { return true }
            if segment.isSealed { return false }
            // Without the lock, as it takes long; what is described meanwhile comes in the next round.
            if round < 3 { add(to: &own, segment, through: segment.describedFrameCount) }
            round += 1
            let isDone = segment.draft.withLock { draft -> Bool in
                guard draft == nil else { return true }
                let described = segment.describedFrameCount
                if own.frames < described, round < 3 { return false }
                add(to: &own, segment, through: described)
                draft = own
                return true
            }
            if isDone { return true }
        }
    }

    private func add(to draft: inout SegmentDraft, _ segment: Segment, through end: Int) {
        let frames = (UInt32(draft.frames)..<UInt32(max(draft.frames, end))).compactMap { ordinal in
            segment.frame(ordinal).map { (segment, ordinal, $0) }
        }
        var walk = SpanFactsWalk()
        let isComplete = read(frames) { position, body in
            while draft.frames < Int(position.frame) { draft.finishFrame() }
            walk.walk(body) { draft.add($0) }
        }
        while draft.frames < end { draft.finishFrame() }
        if !isComplete { draft.giveUpOutlines() }
    }

    /// Adds the spans that earlier segments hold of the traces that are new here. Reads without the draft's lock.
    private func lookUp(_ segment: Segment) {
        let first = segment.draft.withLock { $0?.tracesLookedUp ?? 0 }
        let fresh = segment.traces(from: first)
        guard !fresh.isEmpty else { return }
        let earlier = context.segments.withLock { $0.filter { $0.number < segment.number } }
        let wanted = places(of: fresh, in: earlier)
        segment.draft.withLock { draft in
            for ids in wanted.values { for id in ids { draft?.note(spread: id) } }
        }
        var positions = wanted.keys.sorted()
        if positions.count > Self.maxEarlierFrames {
            context.log(.figuresIncomplete(path: segment.logPath, frames: positions.count - Self.maxEarlierFrames))
            positions.removeFirst(positions.count - Self.maxEarlierFrames)
        }
        var byNumber: [UInt32: Segment] = [:]
        for segment in earlier { byNumber[segment.number] = segment }
        let frames = positions.compactMap { position -> (Segment, UInt32, FrameRef)? in
            guard let segment = byNumber[position.segment], let ref = segment.frame(position.frame) else { return nil }
            return (segment, position.frame, ref)
        }
        var walk = SpanFactsWalk()
        _ = read(frames) { position, body in
            guard let ids = wanted[position] else { return }
            segment.draft.withLock { draft in
                walk.walk(body) { facts in
                    // A span that somebody else looked up as well changes nothing.
                    if ids.contains(TraceID(high: facts.traceHigh, low: facts.traceLow)) { draft?.preload(facts) }
                }
            }
        }
        segment.draft.withLock { draft in
            if let known = draft?.tracesLookedUp { draft?.tracesLookedUp = max(known, first + fresh.count) }
        }
    }

    /// For each frame of the earlier segments the traces that are wanted of it.
    private func places(of traces: [TraceID], in earlier: [Segment]) -> [RecordPosition: Set<TraceID>] {
        if earlier.isEmpty { return [:] }
        let unsealed = earlier.filter { !$0.isSealed }
        let filter = context.sealedTraces.withLock { $0 }
        var wanted: [RecordPosition: Set<TraceID>] = [:]
        for id in traces {
            for place in filter.map({ $0.mayContain(id) }) ?? true ? earlier : unsealed {
                for (ordinal, _) in place.frames(of: id) {
                    wanted[RecordPosition(segment: place.number, frame: ordinal), default: []].insert(id)
                }
            }
        }
        return wanted
    }

    /// Calls `body` with each traces request. What cannot be read is left out: it is told where traces are read. False where
    /// there was such.
    private func read(
        _ frames: [(Segment, UInt32, FrameRef)], _ body: (RecordPosition, UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        var isComplete = true
        var index = 0
        while index < frames.count {
            let segment = frames[index].0
            var end = index
            while end < frames.count, frames[end].0 === segment { end += 1 }
            if !read(segment, frames[index..<end], body) { isComplete = false }
            index = end
        }
        return isComplete
    }

    private func read(
        _ segment: Segment, _ frames: ArraySlice<(Segment, UInt32, FrameRef)>,
        _ body: (RecordPosition, UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        guard let file = try? ReadFile(segment.logPath) else { return false }
        var isComplete = true
        for (_, ordinal, ref) in frames {
            let outcome = try? reader.read(
                file, at: Int(clamping: ref.offset), available: .max, salt: segment.salt, expected: ref)
            guard case .good = outcome else {
                isComplete = false
                continue
            }
            reader.raw.withUnsafeBytes { raw in
                _ = walkRecords(in: raw) { header, bytes in
                    if header.kind == .traces {
                        body(RecordPosition(segment: segment.number, frame: ordinal), bytes)
                    }
                    return true
                }
            }
        }
        return isComplete
    }
}

extension SegmentStore {
    /// Figures of everything stored, as far as the filter asks: those of sealed segments from their files, those of others made
    /// now. `asOf`: what came later may be missing, in monotonic nanoseconds of the store's clock.
    ///
    /// - Parameter fresh: makes the figures of the open segment anew, which takes up to a second; otherwise they may be as old
    ///   as a second, or ten times what they cost.
    package func figures(
        _ filter: SummaryFilter = .everything, fresh: Bool = false
    ) throws(SummaryError) -> (summary: Summary, asOf: UInt64) {
        if fresh { waitUntilDescribed() }
        var sum = Summary()
        var asOf = UInt64.max
        let figures = SegmentFigures(shared)
        for segment in segmentsNow() {
            if let index = segment.sealedIndex {
                try add(index, to: &sum, filter)
            } else if let made = figures.summary(of: segment, fresh: fresh) {
                try sum.merge(made.summary, where: filter)
                asOf = min(asOf, made.at)
            } else if let index = segment.sealedIndex {
                // It was sealed just now.
                try add(index, to: &sum, filter)
            }
        }
        return (sum, min(asOf, shared.options.clock.monotonic()))
    }

    /// What was acknowledged before is described when this returns. The describing thread bounds the time by its queue's bound.
    private func waitUntilDescribed() {
        let ticket = shared.describing.update { queue -> UInt64? in
            guard !queue.isClosing else { return nil }
            queue.marksAsked += 1
            queue.jobs.append(.mark(queue.marksAsked))
            return queue.marksAsked
        }
        guard let ticket else { return }
        _ = shared.describing.wait { $0.marksDone >= ticket || $0.isClosing ? true : nil }
    }

    private func add(_ index: SealedIndex, to sum: inout Summary, _ filter: SummaryFilter) throws(SummaryError) {
        let part: Summary
        do throws(SummaryError) {
            part = try index.withSummary { bytes throws(SummaryError) in
                bytes.isEmpty ? Summary() : try Summary(decoding: bytes, where: filter)
            }
        } catch {
            // The tables are compared with their checksums after the start; what is damaged is made anew then.
            if case .damaged = error { return }
            throw error
        }
        try sum.merge(part)
    }
}
