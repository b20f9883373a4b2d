package import TraceModel

/// A moment in the order in which traces came.
package struct ArrivalMark: Sendable, Equatable {
    /// Traces that had come.
    package var count: UInt64
    /// Where what comes after it is stored: in this segment or a later one.
    package var segment: UInt32

    package init(count: UInt64, segment: UInt32) {
        self.count = count
        self.segment = segment
    }
}

/// The traces of which the first spans came after a mark. One that goes on in a new segment may be among them, too.
package struct TraceArrivals: Sendable {
    /// In the order in which they came, at most 1024, the newest.
    package var traces: [TraceID]
    /// Others that came before these.
    package var missed: UInt64
    package var mark: ArrivalMark

    package init(traces: [TraceID], missed: UInt64, mark: ArrivalMark) {
        self.traces = traces
        self.missed = missed
        self.mark = mark
    }
}

extension SegmentStore {
    /// What is acknowledged is among them. Nothing is read for it.
    package func arrivals(after mark: ArrivalMark) -> TraceArrivals {
        // First, so that a trace that comes meanwhile is not taken for one of an earlier segment.
        let segment = segmentsNow().last?.number ?? 0
        let (traces, count) = shared.figures.withLock { ($0.recent.after(mark.count), $0.recent.appended) }
        return TraceArrivals(
            traces: traces, missed: count &- mark.count &- UInt64(traces.count),
            mark: ArrivalMark(count: count, segment: segment))
    }

    /// Where what comes from now on begins.
    package var arrivalMark: ArrivalMark {
        let segment = segmentsNow().last?.number ?? 0
        return ArrivalMark(count: shared.figures.withLock { $0.recent.appended }, segment: segment)
    }
}
