import Outlines
import SegmentStore
import Synchronization
import TraceAssembly
import TraceModel

/// What is known of the large traces that searches met, so that they are read whole once and not for each search. Any thread.
package final class LargeTraces: Sendable {
    private struct Book: Sendable {
        var known: [TraceID: Known] = [:]
        /// Of the last one with each hash.
        var ids: [UInt32: TraceID] = [:]
        /// Spans of all trees.
        var treeSpans = 0
        var erasures: UInt64 = 0
    }
    struct Known: Sendable {
        var version: Int
        var summary: TraceSummary
        /// Nil where outlines do not tell of it.
        var tree: LargeTree?
        /// Whether one sealed segment held it: before that there are no outlines.
        var wasSealed = false
        /// Nil where nobody asked for it when the trace was read.
        var mini: MiniWaterfall?
    }
    private let book = Mutex(Book())
    /// About a megabyte, and 32 MiB of trees; when it is full everything is forgotten.
    private static let capacity = 1_000
    private static let maximumTreeSpans = 1_400_000

    /// A trace in more frames is not read whole for what some of them tell.
    let frames: Int

    package init(frames: Int = SpanRows.maximumFrames) { self.frames = frames }

    /// - Parameter version: of what the store holds of it.
    func find(_ id: TraceID, version: Int) -> Known? {
        book.withLock { book in book.known[id].flatMap { $0.version == version ? $0 : nil } }
    }

    /// One that had the hash, if there is any.
    func find(hash: UInt32) -> Known? {
        book.withLock { book in book.ids[hash].flatMap { book.known[$0] } }
    }

    func keep(_ known: Known) {
        let spans = known.tree?.spans.count ?? 0
        guard spans <= Self.maximumTreeSpans else {
            return keep(
                Known(
                    version: known.version, summary: known.summary, wasSealed: known.wasSealed, mini: known.mini))
        }
        book.withLock { book in
            book.treeSpans -= book.known.removeValue(forKey: known.summary.traceID)?.tree?.spans.count ?? 0
            if book.known.count >= Self.capacity || book.treeSpans + spans > Self.maximumTreeSpans {
                book = Book(erasures: book.erasures)
            }
            book.known[known.summary.traceID] = known
            book.ids[OutlineHash.of(known.summary.traceID)] = known.summary.traceID
            book.treeSpans += spans
        }
    }

    /// What was erased is in no memory.
    func forget(after erasures: UInt64) {
        book.withLock { book in
            guard book.erasures != erasures else { return }
            book = Book(erasures: erasures)
        }
    }
}

/// Where the spans of one trace lie, in the order in which they came.
struct TracePlaces {
    struct Place {
        var view: Int
        var frame: Int
    }
    private(set) var places: [Place] = []
    /// Another one when anything was stored or taken away.
    private(set) var version: Int

    init(of id: TraceID, in views: [SegmentView]) {
        var hasher = Hasher()
        for (index, view) in views.enumerated() {
            let frames = view.frames(of: id)
            guard !frames.isEmpty else { continue }
            hasher.combine(view.salt)
            for frame in frames {
                hasher.combine(frame)
                places.append(Place(view: index, frame: Int(frame)))
            }
        }
        version = hasher.finalize()
    }

    /// The view that holds all of it; nil where there are several.
    var view: Int? { places.first.flatMap { first in places.allSatisfy { $0.view == first.view } ? first.view : nil } }

}
