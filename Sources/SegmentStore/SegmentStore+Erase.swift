import Files
import TraceModel

extension SegmentStore {
    /// Takes spans out of the store for good: out of logs, indexes, memory, and with them the copies of damaged bytes of the
    /// same segments. What was answered before the call is reached, and whatever arrives meanwhile of the same traces as far as
    /// it goes; a batch of which spans were erased stays known by its number.
    ///
    /// Takes a second or two for each segment that holds some of it; the store takes records and answers all the while. After
    /// an error part of it may be done, and doing it again does the rest.
    /// - Parameters:
    ///   - isCancelled: asked between segments.
    ///   - progress: told of segments looked at and of how many there are.
    package func erase(
        _ removal: SpanRemoval, isCancelled: () -> Bool = { false },
        progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) throws(StoreError) -> ErasedSpans {
        guard let traces = removal.traces else { preconditionFailure("erasing names what is to go") }
        var erased = ErasedSpans()
        for round in 0..<Self.maxEraseRounds {
            roll()
            try erase(removal, traces, into: &erased, isCancelled, progress)
            guard case .traces = removal else { break }
            // Of whole traces that are still arriving there may be more by now.
            erased.isLeftBehind = segmentsNow().contains { segment in
                !segment.isSealed && traces.contains { !segment.frames(of: $0).isEmpty }
            }
            if !erased.isLeftBehind || isCancelled() || round + 1 == Self.maxEraseRounds { break }
        }
        try forget(&erased)
        return erased
    }

    private static let maxEraseRounds = 3

    private func erase(
        _ removal: SpanRemoval, _ traces: Set<TraceID>, into erased: inout ErasedSpans, _ isCancelled: () -> Bool,
        _ progress: (Int, Int) -> Void
    ) throws(StoreError) {
        let segments = segmentsNow()
        for (done, segment) in segments.enumerated() where !isCancelled() {
            progress(done, segments.count)
            guard traces.contains(where: { !segment.frames(of: $0).isEmpty }) else { continue }
            guard let rewritten = try rewrite(segment.number, removal) else { continue }
            erased.traces.formUnion(rewritten.traces)
            if let index = erased.segments.firstIndex(where: { $0.number == rewritten.number }) {
                erased.segments[index].add(rewritten)
            } else {
                erased.segments.append(rewritten)
            }
        }
        progress(segments.count, segments.count)
    }

    private func rewrite(_ number: UInt32, _ removal: SpanRemoval) throws(StoreError) -> RewrittenSegment? {
        try run(MaintenanceJob(.rewrite(number, removal)))
    }

    private func run(_ job: MaintenanceJob) throws(StoreError) -> RewrittenSegment? {
        let isTaken = context.maintenance.update { queue in
            guard !queue.isClosing else { return false }
            queue.jobs.append(job)
            return true
        }
        guard isTaken else { throw .closed }
        return try job.wait()
    }

    /// Ends the growing segment, so that everything that was answered before stands in segments that grow no more.
    func roll() {
        let ticket = context.queue.update { queue in
            queue.rollsAsked += 1
            return queue.rollsAsked
        }
        _ = context.queue.wait { $0.rollsDone >= ticket || $0.isClosing ? true : nil }
    }

    /// What is not in the segments themselves.
    private func forget(_ erased: inout ErasedSpans) throws(StoreError) {
        guard !erased.traces.isEmpty else { return }
        let segments = segmentsNow()
        let gone = erased.traces.filter { id in segments.allSatisfy { $0.frames(of: id).isEmpty } }
        context.figures.withLock { $0.recent.remove(gone) }
        dropIdleReaders()
        do throws(StorageFailure) {
            erased.quarantinedFiles = try context.quarantine.remove(of: Set(erased.segments.map(\.number)))
        } catch { throw .storage(error) }
        _ = try run(MaintenanceJob(.forget(gone)))
        context.count { $0.erasures &+= 1 }
    }
}

extension RewrittenSegment {
    fileprivate mutating func add(_ later: RewrittenSegment) {
        removed += later.removed
        left = later.left
        traces.formUnion(later.traces)
        unreadableFrames += later.unreadableFrames
        isGone = later.isGone
    }
}
