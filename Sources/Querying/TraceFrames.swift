package import TraceModel

/// The stored requests that hold spans of traces, as they were at one moment. One thread uses it.
package protocol TraceFrames {
    /// Where spans of a trace lie, in the order of arrival.
    func places(of id: TraceID) -> [FramePlace]
    /// Calls `body` with each traces request of a place, and when it was stored in Unix nanoseconds; not at all where it cannot
    /// be read any more.
    func forEachRequest(
        at place: FramePlace, _ body: (_ request: UnsafeRawBufferPointer, _ receivedAt: UInt64) -> Void
    ) throws
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
