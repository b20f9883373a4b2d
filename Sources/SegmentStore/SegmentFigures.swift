import Files
import SpanTokens
package import Summaries
import TraceModel
import WireFormat

/// Makes a segment's figures: what its spans change in the sums, given the spans that earlier segments hold. Runs on the thread
/// that seals or on one that answers a query; the segment's draft is locked meanwhile, which the writer never waits for.
struct SegmentFigures {
    private let context: StoreContext
    private let reader = FrameReader()

    /// Frames of earlier segments that are read for one segment; what lies beyond them counts twice, and is told.
    static let maxEarlierFrames = 65_536

    init(_ context: StoreContext) { self.context = context }

    /// Nil for a segment that is sealed already.
    func summary(of segment: Segment, fresh: Bool) -> (summary: Summary, at: UInt64)? {
        segment.draft.withLock { draft in
            if draft == nil {
                guard !segment.isSealed, let scanned = scan(segment) else { return nil }
                draft = scanned
            }
            guard var own = draft else { return nil }
            // Taken out, so that nothing is copied when it changes.
            draft = nil
            lookUp(&own, of: segment)
            let made = own.summary(fresh: fresh, now: context.options.clock.monotonic)
            draft = own
            return made
        }
    }

    /// The draft of a segment whose frames were written by an earlier run.
    private func scan(_ segment: Segment) -> SegmentDraft? {
        var draft = SegmentDraft()
        let frames = (0..<UInt32(segment.describedFrameCount)).compactMap { ordinal in
            segment.frame(ordinal).map { (ordinal, $0) }
        }
        var walk = SpanFactsWalk()
        read(frames.map { (segment, $0.0, $0.1) }) { _, body in
            walk.walk(body) { draft.add($0) }
        }
        return draft
    }

    /// Adds the spans that earlier segments hold of the traces that are new here.
    private func lookUp(_ draft: inout SegmentDraft, of segment: Segment) {
        let fresh = segment.traces(from: draft.tracesLookedUp)
        guard !fresh.isEmpty else { return }
        draft.tracesLookedUp += fresh.count
        let earlier = context.segments.withLock { $0.filter { $0.number < segment.number } }
        guard !earlier.isEmpty else { return }
        let unsealed = earlier.filter { !$0.isSealed }
        let filter = context.sealedTraces.withLock { $0 }
        /// For each frame the traces that are wanted of it.
        var wanted: [RecordPosition: Set<TraceID>] = [:]
        for id in fresh {
            let places = filter.map { $0.mayContain(id) } ?? true ? earlier : unsealed
            for place in places {
                for (ordinal, _) in place.frames(of: id) {
                    wanted[RecordPosition(segment: place.number, frame: ordinal), default: []].insert(id)
                }
            }
        }
        guard !wanted.isEmpty else { return }
        var positions = wanted.keys.sorted()
        if positions.count > Self.maxEarlierFrames {
            context.log(.figuresIncomplete(path: segment.logPath, frames: positions.count - Self.maxEarlierFrames))
            positions.removeFirst(positions.count - Self.maxEarlierFrames)
        }
        var byNumber: [UInt32: Segment] = [:]
        for segment in earlier { byNumber[segment.number] = segment }
        var walk = SpanFactsWalk()
        let frames = positions.compactMap { position -> (Segment, UInt32, FrameRef)? in
            guard let segment = byNumber[position.segment], let ref = segment.frame(position.frame) else { return nil }
            return (segment, position.frame, ref)
        }
        read(frames) { position, body in
            guard let ids = wanted[position] else { return }
            walk.walk(body) { facts in
                if ids.contains(TraceID(high: facts.traceHigh, low: facts.traceLow)) { draft.preload(facts) }
            }
        }
    }

    /// Calls `body` with each traces request. What cannot be read is left out: it is told where traces are read.
    private func read(
        _ frames: [(Segment, UInt32, FrameRef)], _ body: (RecordPosition, UnsafeRawBufferPointer) -> Void
    ) {
        var index = 0
        while index < frames.count {
            let segment = frames[index].0
            var end = index
            while end < frames.count, frames[end].0 === segment { end += 1 }
            read(segment, frames[index..<end], body)
            index = end
        }
    }

    private func read(
        _ segment: Segment, _ frames: ArraySlice<(Segment, UInt32, FrameRef)>,
        _ body: (RecordPosition, UnsafeRawBufferPointer) -> Void
    ) {
        guard let file = try? ReadFile(segment.logPath) else { return }
        for (_, ordinal, ref) in frames {
            let outcome = try? reader.read(
                file, at: Int(clamping: ref.offset), available: .max, salt: segment.salt, expected: ref)
            guard case .good = outcome else { continue }
            reader.raw.withUnsafeBytes { raw in
                _ = walkRecords(in: raw) { header, bytes in
                    if header.kind == .traces {
                        body(RecordPosition(segment: segment.number, frame: ordinal), bytes)
                    }
                    return true
                }
            }
        }
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

    private func add(_ index: SealedIndex, to sum: inout Summary, _ filter: SummaryFilter) throws(SummaryError) {
        let part: Summary
        do throws(SummaryError) {
            part = try index.withSummary { bytes throws(SummaryError) in
                bytes.isEmpty ? Summary() : try Summary(decoding: bytes, where: filter)
            }
        } catch {
            // The tables are compared with their checksums after the start; what is damaged is made anew then.
            return
        }
        try sum.merge(part)
    }
}
