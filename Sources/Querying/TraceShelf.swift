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
        var histories: [UInt64: LatencyHistory] = [:]
        var bytes = 0
        var uses: UInt64 = 0
        var erasures: UInt64 = 0
    }
    private let book = Mutex(Book())
    private let maxBytes: Int
    private static let maxHistories = 8

    package init(maxBytes: Int = 256 << 20) { self.maxBytes = maxBytes }

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

    /// - Parameter minute: since 1970, in which it ends.
    func history(endingIn minute: UInt64, _ make: () throws -> LatencyHistory) rethrows -> LatencyHistory {
        if let known = book.withLock({ $0.histories[minute] }) { return known }
        let made = try make()
        book.withLock { book in
            if book.histories.count >= Self.maxHistories { book.histories = [:] }
            book.histories[minute] = made
        }
        return made
    }

    /// What was erased is in no memory.
    func forget(after erasures: UInt64) {
        book.withLock { book in
            guard book.erasures != erasures else { return }
            book = Book(erasures: erasures)
        }
    }
}
