package import TraceModel
package import TraceSearch

/// The stored requests that hold spans of traces, as they were at one moment. One thread uses it.
package protocol TraceFrames {
    /// Where spans of a trace lie, in the order of arrival.
    func places(of id: TraceID) -> [FramePlace]
    /// Calls `body` with each traces request of a place, and when it was stored in Unix nanoseconds; not at all where it cannot
    /// be read any more.
    func forEachRequest(
        at place: FramePlace, _ body: (_ request: UnsafeRawBufferPointer, _ receivedAt: UInt64) -> Void
    ) throws
    /// What indexes tell of some places: whether spans there satisfy the query of a sieve.
    func ask(_ sieve: FrameSieve, of places: [FramePlace]) -> [PlaceAnswer]
}

extension TraceFrames {
    package func ask(_ sieve: FrameSieve, of places: [FramePlace]) -> [PlaceAnswer] {
        Array(repeating: .some, count: places.count)
    }
}

/// How many of the spans at a place satisfy a query.
package enum PlaceAnswer: Sendable {
    case none
    /// Some may: they have to be read.
    case some
    case all
}

/// A part of a log that is read as one.
package struct FramePlace: Hashable, Sendable {
    /// Of the log; another one for each that was ever written.
    package var log: UInt64
    package var frame: UInt32

    package init(log: UInt64, frame: UInt32) {
        self.log = log
        self.frame = frame
    }
}
