package import SegmentStore
package import TraceModel

/// Where a tail finds what arrives. Called on the tail's thread.
package protocol TailSource {
    var arrivalMark: ArrivalMark { get }
    func arrivals(after mark: ArrivalMark) -> TraceArrivals
    /// What is stored at this moment.
    func look() -> any TailLook
}

package protocol TailLook {
    /// How many frames hold spans of a trace, from a segment on.
    func frameCount(of id: TraceID, from segment: UInt32) -> Int
    /// Whether spans of it are stored in segments before that one.
    func isKnown(_ id: TraceID, before segment: UInt32) -> Bool
    /// As `TraceSource.trace`.
    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)?
}

/// A store as a tail sees it.
package struct StoredArrivals: TailSource {
    private let store: SegmentStore

    package init(_ store: SegmentStore) { self.store = store }

    package var arrivalMark: ArrivalMark { store.arrivalMark }
    package func arrivals(after mark: ArrivalMark) -> TraceArrivals { store.arrivals(after: mark) }
    package func look() -> any TailLook { StoredMoment(reader: StoreReader(store)) }
}

private struct StoredMoment: TailLook {
    let reader: StoreReader

    func frameCount(of id: TraceID, from segment: UInt32) -> Int {
        var count = 0
        for view in reader.views.reversed() {
            guard view.number >= segment else { break }
            count += view.frames(of: id).count
        }
        return count
    }

    func isKnown(_ id: TraceID, before segment: UInt32) -> Bool {
        reader.views.contains { $0.number < segment && !$0.frames(of: id).isEmpty }
    }

    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)? {
        try reader.trace(id, maxBytes: maxBytes)
    }
}
