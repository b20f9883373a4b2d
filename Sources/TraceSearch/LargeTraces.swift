import SegmentStore
import Synchronization
import TraceAssembly
import TraceModel

/// What is known of the large traces that searches met, so that they are read whole once and not for each search. Any thread.
package final class LargeTraces: Sendable {
    private struct Book: Sendable {
        var known: [TraceID: (version: Int, summary: TraceSummary)] = [:]
        var erasures: UInt64 = 0
    }
    private let book = Mutex(Book())
    /// About a megabyte; when it is full everything is forgotten.
    private static let capacity = 1_000

    package init() {}

    /// - Parameter version: of what the store holds of it.
    func find(_ id: TraceID, version: Int) -> TraceSummary? {
        book.withLock { book in book.known[id].flatMap { $0.version == version ? $0.summary : nil } }
    }

    func keep(_ summary: TraceSummary, version: Int) {
        book.withLock { book in
            if book.known.count >= Self.capacity { book.known = [:] }
            book.known[summary.traceID] = (version, summary)
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

    /// A trace in more frames is not read whole for what some of them tell.
    var isLarge: Bool { places.count > SpanRows.maximumFrames }
}
