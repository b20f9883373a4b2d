import OTLP
import SpanColumns
import Summaries
import TraceAssembly
import TraceModel
import WireFormat

/// A trace put in order, with where each of its spans lies.
package struct TraceView: Sendable {
    let shape: TraceShape
    /// What `shape.place` counts.
    let places: [FramePlace]
    /// More is stored of the trace than could be kept.
    let isTruncated: Bool
    /// When the newest of its spans was stored, in Unix nanoseconds.
    let newestArrival: UInt64?
    let history: (from: UInt64, to: UInt64)?
    /// Places in `shape.path`, by node, and of one node by time.
    private let pathByNode: [Int32]

    var byteCount: Int {
        shape.count * 104 + shape.path.count * 28 + shape.texts.byteCount + shape.operations.count * 48
            + shape.findings.folds.count * 40 + places.count * 16 + 4096
    }

    init(
        _ shape: TraceShape, places: [FramePlace], isTruncated: Bool, newestArrival: UInt64?,
        history: (from: UInt64, to: UInt64)?
    ) {
        self.shape = shape
        self.places = places
        self.isTruncated = isTruncated
        self.newestArrival = newestArrival
        self.history = history
        let path = shape.path
        pathByNode = path.indices.sorted { (path[$0].node, $0) < (path[$1].node, $1) }
            .map { Int32(truncatingIfNeeded: $0) }
    }

    /// The stretches of the critical path that are a node's own, by time.
    func path(of node: Int) -> some Collection<CriticalSegment> {
        var (low, high) = (0, pathByNode.count)
        while low < high {
            let middle = (low + high) / 2
            if shape.path[Int(pathByNode[middle])].node < node { low = middle + 1 } else { high = middle }
        }
        var end = low
        while end < pathByNode.count, shape.path[Int(pathByNode[end])].node == node { end += 1 }
        return pathByNode[low..<end].lazy.map { shape.path[Int($0)] }
    }

    /// What may be said of the trace's placeholders.
    func evidence(at now: UInt64) -> MissingEvidence {
        MissingEvidence.evidence(isWhole: !isTruncated, newestArrival: newestArrival, now: now)
    }
}

/// Reads traces into views.
struct TraceViewReader {
    let source: any TraceSource
    let shelf: TraceShelf

    /// Nil where nothing of the trace is stored.
    func view(of id: TraceID, now: UInt64) throws -> TraceView? {
        let frames = source.frames()
        let places = frames.places(of: id)
        guard !places.isEmpty else { return nil }
        if let known = shelf.find(id, at: places) { return known }
        var columns = SpanColumns(of: id)
        var newest: UInt64?
        for (number, place) in places.enumerated() where !columns.isFull {
            try frames.forEachRequest(at: place) { request, receivedAt in
                newest = max(newest ?? 0, receivedAt)
                // What a fault hides was hidden when it came; the rest is shown.
                try? columns.append(
                    request.bindMemory(to: UInt8.self).span, place: UInt32(truncatingIfNeeded: number))
            }
        }
        guard columns.count > 0 else { return nil }
        let isFull = columns.isFull
        let history = history(of: columns)
        let tables = history?.tables(for: columns) ?? []
        let (ids, placeOf) = (columns.id, columns.place)
        let shape = TraceShape(columns, history: tables) { rows in
            try? spans(rows.map { (ids[$0], placeOf[$0]) }, of: id, at: places, frames)
        }
        let view = TraceView(
            shape, places: places, isTruncated: isFull, newestArrival: newest,
            history: history.map { ($0.from, $0.to) })
        shelf.keep(view)
        return view
    }

    /// The hour before the trace began. Nil where its time is none, or figures cannot be had: colours follow from shares then.
    private func history(of columns: SpanColumns) -> LatencyHistory? {
        guard let first = columns.start.lazy.filter({ SummaryMinute.of($0) != SummaryMinute.noTime }).min() else {
            return nil
        }
        let minute = UInt64(SummaryMinute.of(first))
        return try? shelf.history(endingIn: minute) {
            let filter = LatencyHistory.filter(before: minute)
            return LatencyHistory(try source.figures(filter, fresh: false).summary, filter)
        }
    }

    /// A message with all copies of a span at some places.
    func message(_ id: SpanID, of trace: TraceID, at places: [FramePlace]) throws -> [UInt8] {
        let frames = source.frames()
        var message: [UInt8] = []
        for place in places { try Self.copy([id.value], of: trace, at: place, frames, into: &message) }
        return message
    }

    private static func copy(
        _ ids: Set<UInt64>, of trace: TraceID, at place: FramePlace, _ frames: any TraceFrames,
        into message: inout [UInt8]
    ) throws {
        try frames.forEachRequest(at: place) { request, _ in
            _ = try? SpanFilter.copy(request.bindMemory(to: UInt8.self).span, into: &message) { traceID, spanID in
                TraceID(bytes: traceID) == trace && ids.contains(SpanID(bytes: spanID).value)
            }
        }
    }

    /// Spans by id and place, in that order; of equal ones at one place in the order of arrival.
    func spans(
        _ wanted: [(id: UInt64, place: UInt32)], of trace: TraceID, at places: [FramePlace], _ frames: any TraceFrames
    ) throws -> [SpanValue] {
        var byPlace: [UInt32: Set<UInt64>] = [:]
        for (id, place) in wanted { byPlace[place, default: []].insert(id) }
        var found: [UInt32: [UInt64: ArraySlice<SpanValue>]] = [:]
        for (place, ids) in byPlace {
            var message: [UInt8] = []
            try Self.copy(ids, of: trace, at: places[Int(place)], frames, into: &message)
            for span in try decodeSpans(message.span) {
                found[place, default: [:]][span.spanID.value, default: []].append(span)
            }
        }
        var result: [SpanValue] = []
        for (id, place) in wanted {
            guard let span = found[place]?[id]?.popFirst() else { continue }
            result.append(span)
        }
        return result
    }
}

extension TraceID {
    /// Of the wrong length: zero, as spans without one have.
    fileprivate init(bytes: Span<UInt8>) {
        self =
            bytes.count == 16 ? TraceID(high: bigEndian(bytes, 0), low: bigEndian(bytes, 8)) : TraceID(high: 0, low: 0)
    }
}

extension SpanID {
    fileprivate init(bytes: Span<UInt8>) { self = SpanID(value: bytes.count == 8 ? bigEndian(bytes, 0) : 0) }
}

private func bigEndian(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
    (offset..<offset + 8).reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
}
