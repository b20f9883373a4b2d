import SegmentStore
import Synchronization
import TraceAssembly
import TraceModel

/// Traces that were put in order lately, so that a view which asks for one row after the other has each put in order once. Bounded in
/// bytes; the one that was asked for longest ago goes first. Any thread.
package final class TraceShelf: Sendable {
    private struct Entry {
        var view: TraceView
        var lastUse: UInt64
    }
    private struct Book {
        var entries: [TraceID: Entry] = [:]
        var bytes = 0
        var uses: UInt64 = 0
        var erasures: UInt64 = 0
    }
    private let book = Mutex(Book())
    private let maxBytes: Int
    /// Nil: histories are made by whoever asks.
    let histories: LatencyHistories?

    package init(maxBytes: Int = 256 << 20, histories: LatencyHistories? = nil) {
        self.maxBytes = maxBytes
        self.histories = histories
    }

    /// - Parameter places: of its spans now; a view of others is forgotten.
    func find(_ id: TraceID, at places: [FramePlace]) -> TraceView? {
        book.withLock { book in
            guard let entry = book.entries[id], entry.view.places == places else { return nil }
            book.uses += 1
            book.entries[id]?.lastUse = book.uses
            return entry.view
        }
    }

    /// One trace is kept, however large.
    func keep(_ view: TraceView) {
        book.withLock { book in
            book.uses += 1
            book.bytes -= book.entries.removeValue(forKey: view.shape.traceID)?.view.byteCount ?? 0
            while book.bytes + view.byteCount > maxBytes,
                let oldest = book.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                book.bytes -= oldest.value.view.byteCount
                book.entries.removeValue(forKey: oldest.key)
            }
            book.bytes += view.byteCount
            book.entries[view.shape.traceID] = Entry(view: view, lastUse: book.uses)
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
