package import SegmentStore
import TraceAssembly
import TraceModel
import TraceSearch

/// One erasure: looks for what is meant, has the store rewrite the segments that hold it, and looks again. Runs on the thread
/// that calls it, for as long as it takes.
package struct Erasure {
    private let request: EraseRequest
    private let store: SegmentStore
    private let isCancelled: () -> Bool
    private let progress: (EraseProgress) -> Void
    private let limit: Int

    /// - Parameters:
    ///   - limit: traces, and spans, that one erasure may name: about 50 bytes of memory each.
    ///   - progress: told now and then.
    package init(
        _ request: EraseRequest, in store: SegmentStore, limit: Int = 1_000_000,
        isCancelled: @escaping () -> Bool = { false }, progress: @escaping (EraseProgress) -> Void = { _ in }
    ) {
        self.request = request
        self.store = store
        self.limit = limit
        self.isCancelled = isCancelled
        self.progress = progress
    }

    package func run() throws(EraseFailure) -> EraseResult {
        let snapshot = StoreReader(store)
        var found = try find(in: snapshot, stopsAtFirst: false)
        var result = EraseResult()
        result.unknown = found.unknown
        result.unreadableFrames = found.unreadableFrames
        if request.isDryRun {
            result.traces = found.traces.keys.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
            result.spans = UInt64(found.traces.values.reduce(0, +))
            result.segments = count(found, in: snapshot)
            return result
        }
        let removal: SpanRemoval =
            request.extent == .traces ? .traces(Set(found.traces.keys)) : .spans(found.spans)
        found.traces = [:]
        do throws(StoreError) {
            let erased = try store.erase(removal, isCancelled: isCancelled) { done, all in
                progress(.rewriting(done: done, all: all))
            }
            result.take(erased)
        } catch { throw .store(error) }
        if isCancelled() { throw .cancelled }
        progress(.verifying)
        // What was there when it began; what came since is another matter.
        let left = try find(in: snapshot.again(before: snapshot.end), stopsAtFirst: true)
        result.isVerified = left.traces.isEmpty
        return result
    }

    /// What a search found.
    private struct Found {
        /// With the spans that go.
        var traces: [TraceID: Int] = [:]
        var spans: Set<SpanAddress> = []
        var unknown = 0
        var unreadableFrames = 0
    }

    private func find(in snapshot: StoreReader, stopsAtFirst: Bool) throws(EraseFailure) -> Found {
        var found = Found()
        var search = SearchRequest(request.expression)
        search.started = request.started
        search.limit = 1_000
        // Patience is the point here; memory stays bounded, as the search is taken up again behind its bound.
        search.bounds.time = .seconds(3600)
        search.bounds.bytes = .max
        if request.extent == .spans { search.matches = limit + 1 }
        while true {
            let page = try run(search, snapshot)
            found.unreadableFrames += page.figures.unreadableFrames
            for trace in page.traces { try take(trace, into: &found) }
            if stopsAtFirst, !found.traces.isEmpty { return found }
            guard let cursor = page.cursor else {
                guard page.isComplete else { throw .stuck(reason: page.stopped?.rawValue ?? "time") }
                return found
            }
            if isCancelled() { throw .cancelled }
            progress(stopsAtFirst ? .verifying : .searching(traces: found.traces.count))
            search.cursor = cursor
        }
    }

    private func run(_ search: SearchRequest, _ snapshot: StoreReader) throws(EraseFailure) -> SearchPage {
        do {
            return try TraceSearch(
                search, snapshot.again(before: snapshot.end), clock: { StoreClock.system.monotonic() },
                isCancelled: isCancelled
            ).run()
        } catch let error as StoreError { throw .store(error) } catch { throw .stuck(reason: "\(error)") }
    }

    private func take(_ trace: FoundTrace, into found: inout Found) throws(EraseFailure) {
        if trace.unknownBecause != nil, !request.includesUnknown {
            found.unknown += 1
            return
        }
        let id = trace.key.id
        switch request.extent {
        case .traces: found.traces[id] = trace.summary.spanCount
        case .spans:
            found.traces[id] = trace.matchCount
            for span in trace.matches { found.spans.insert(SpanAddress(trace: id, span: span)) }
        }
        guard found.traces.count <= limit, found.spans.count <= limit else { throw .tooMany(limit: limit) }
    }

    /// Where the traces lie; how many of their spans lie where is known only when they are read.
    private func count(_ found: Found, in snapshot: StoreReader) -> [EraseResult.Segment] {
        snapshot.views.compactMap { view in
            let traces = found.traces.keys.count { !view.frames(of: $0).isEmpty }
            return traces > 0 ? EraseResult.Segment(number: view.number, traces: traces) : nil
        }
    }
}

/// How far an erasure is.
package enum EraseProgress: Sendable, Equatable {
    case searching(traces: Int)
    case rewriting(done: Int, all: Int)
    case verifying
}
