import OTLP
import SpanColumns
import Summaries
import TraceAssembly
import TraceModel
import WireFormat

/// A trace put in order, with where each of its spans lies.
package struct TraceView: Sendable {
    private(set) var shape: TraceShape
    /// What `shape.place` counts.
    let places: [FramePlace]
    /// More is stored of the trace than could be kept.
    let isTruncated: Bool
    /// When the newest of its spans was stored, in Unix nanoseconds.
    let newestArrival: UInt64?
    /// What ranks come from.
    private(set) var history: (from: UInt64, to: UInt64)?
    /// Steps follow from shares until the history is at hand.
    private(set) var isHistoryPending: Bool
    /// Tells this tree from what it becomes when more spans come.
    let tree: String
    /// Places in `shape.path`, by node, and of one node by time.
    private let pathByNode: [Int32]

    var byteCount: Int {
        shape.count * 104 + shape.path.count * 28 + shape.texts.byteCount + shape.texts.count * 40 + shape.operations
            .count * 48
            + shape.findings.folds.count * 40 + places.count * 16 + 4096
    }

    init(
        _ shape: TraceShape, places: [FramePlace], isTruncated: Bool, newestArrival: UInt64?,
        history: LatencyHistory?, isHistoryPending: Bool
    ) {
        self.shape = shape
        self.places = places
        self.isTruncated = isTruncated
        self.newestArrival = newestArrival
        self.history = history.map { ($0.from, $0.to) }
        self.isHistoryPending = isHistoryPending
        tree = String(shape.mark, radix: 36)
        pathByNode = placesSorted(by: shape.path.map { UInt64($0.node) })
    }

    /// The same with steps that follow from a history.
    func coloured(by history: LatencyHistory?) -> TraceView {
        var view = self
        view.isHistoryPending = false
        view.history = history.map { ($0.from, $0.to) }
        if let history { view.shape = shape.coloured(by: history.tables(for: shape.operations, shape.texts)) }
        return view
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
        if let known = shelf.find(id, at: places) { return latest(known) }
        let (columns, newest) = try read(id, places, frames)
        guard columns.count > 0 else { return nil }
        let isFull = columns.isFull
        let minute = Self.minute(of: columns.start)
        let isLarge = places.count >= Self.manyPlaces
        // Made while the tree is made, if it was not at hand; a large tree has both cores for itself, and its colours come later.
        if let minute, !isLarge { _ = shelf.histories?.history(endingIn: minute, waits: false) }
        let (ids, placeOf) = (columns.id, columns.place)
        func resolve(_ rows: [Int]) -> [SpanValue?] {
            let found = try? spans(
                rows.map { (ids[$0], placeOf[$0]) }, of: id, at: places, frames, maxBytes: Self.maximumResolvedBytes)
            return found?.spans ?? rows.map { _ in nil }
        }
        let bare =
            isLarge
            ? TraceShape(columns, pairing: SideBySide(), resolve: resolve) : TraceShape(columns, resolve: resolve)
        let (history, isPending) = history(endingIn: minute, waits: !isLarge)
        let shape = history.map { bare.coloured(by: $0.tables(for: bare.operations, bare.texts)) } ?? bare
        let view = TraceView(
            shape, places: places, isTruncated: isFull, newestArrival: newest, history: history,
            isHistoryPending: isPending)
        shelf.keep(view)
        return view
    }

    /// Copies that differ are read again as far as this.
    private static let maximumResolvedBytes = 64 << 20
    /// From so many places on a trace is read by two threads.
    private static let manyPlaces = 64

    private func read(
        _ id: TraceID, _ places: [FramePlace], _ frames: any TraceFrames
    ) throws -> (columns: SpanColumns, newestArrival: UInt64?) {
        guard places.count >= Self.manyPlaces else { return try Self.read(id, places, places.indices, frames, room: 0) }
        let half = places.count / 2
        // Made for the other thread, which alone uses it.
        nonisolated(unsafe) let (own, second) = (frames, source.frames())
        let (first, other) = SideBySide().both(
            { Result { try Self.read(id, places, 0..<half, own, room: places.count) } },
            { Result { try Self.read(id, places, half..<places.count, second, room: places.count - half) } })
        var (columns, newest) = try first.get()
        let (rest, newestOfRest) = try other.get()
        columns.append(rest)
        newest = [newest, newestOfRest].compactMap { $0 }.max()
        return (columns, newest)
    }

    /// - Parameter room: for the spans of so many places.
    private static func read(
        _ id: TraceID, _ places: [FramePlace], _ range: Range<Int>, _ frames: any TraceFrames, room: Int
    ) throws -> (columns: SpanColumns, newestArrival: UInt64?) {
        var columns = SpanColumns(of: id)
        var newest: UInt64?
        for number in range where !columns.isFull {
            if number == range.lowerBound + 1 { columns.makeRoom(for: room) }
            try frames.forEachRequest(at: places[number]) { request, receivedAt in
                newest = max(newest ?? 0, receivedAt)
                // What a fault hides was hidden when it came; the rest is shown.
                try? columns.append(
                    request.bindMemory(to: UInt8.self).span, place: UInt32(truncatingIfNeeded: number))
            }
        }
        return (columns, newest)
    }

    /// A trace that was put in order before its history was there.
    private func latest(_ view: TraceView) -> TraceView {
        guard view.isHistoryPending, let minute = Self.minute(of: view.shape.start) else { return view }
        let (history, isPending) = history(endingIn: minute, waits: false)
        guard !isPending else { return view }
        let coloured = view.coloured(by: history)
        shelf.keep(coloured)
        return coloured
    }

    /// In which the trace began; nil where its times are none.
    private static func minute(of starts: [UInt64]) -> UInt64? {
        starts.lazy.filter { SummaryMinute.of($0) != SummaryMinute.noTime }.min().map { UInt64(SummaryMinute.of($0)) }
    }

    /// Of the hour before. Nil where figures cannot be had: steps follow from shares then.
    private func history(
        endingIn minute: UInt64?, waits: Bool
    ) -> (history: LatencyHistory?, isPending: Bool) {
        guard let minute else { return (nil, false) }
        if let histories = shelf.histories { return histories.history(endingIn: minute, waits: waits) }
        let filter = LatencyHistory.filter(before: minute)
        return ((try? source.figures(filter, fresh: false)).map { LatencyHistory($0.summary, filter) }, false)
    }

    /// A message with all copies of a span at some places, as far as `maxBytes`.
    func message(
        _ id: SpanID, of trace: TraceID, at places: [FramePlace], maxBytes: Int
    ) throws -> (bytes: [UInt8], isTruncated: Bool) {
        let frames = source.frames()
        var message: [UInt8] = []
        for (number, place) in places.enumerated() {
            try Self.copy([id.value], of: trace, at: place, frames, into: &message)
            if message.count >= maxBytes { return (message, number + 1 < places.count) }
        }
        return (message, false)
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

    /// Spans by id and place, in that order; of equal ones at one place in the order of arrival. Nil for those that are not there, and
    /// for those beyond `maxBytes` of messages.
    func spans(
        _ wanted: [(id: UInt64, place: UInt32)], of trace: TraceID, at places: [FramePlace], _ frames: any TraceFrames,
        maxBytes: Int
    ) throws -> (spans: [SpanValue?], bytes: Int) {
        var byPlace: [UInt32: Set<UInt64>] = [:]
        for (id, place) in wanted { byPlace[place, default: []].insert(id) }
        var found: [UInt32: [UInt64: ArraySlice<SpanValue>]] = [:]
        var bytes = 0
        for (place, ids) in byPlace.sorted(by: { $0.key < $1.key }) where bytes < maxBytes {
            var message: [UInt8] = []
            try Self.copy(ids, of: trace, at: places[Int(place)], frames, into: &message)
            bytes += message.count
            for span in try decodeSpans(message.span) {
                found[place, default: [:]][span.spanID.value, default: []].append(span)
            }
        }
        return (wanted.map { found[$0.place]?[$0.id]?.popFirst() }, bytes)
    }
}

extension TraceID {
    /// Of the wrong length: zero, as spans without one have.
    fileprivate init(bytes: Span<UInt8>) {
        self =
            bytes.count == 16
            ? TraceID(high: bigEndian(bytes, at: 0), low: bigEndian(bytes, at: 8)) : TraceID(high: 0, low: 0)
    }
}

extension SpanID {
    fileprivate init(bytes: Span<UInt8>) { self = SpanID(value: bytes.count == 8 ? bigEndian(bytes, at: 0) : 0) }
}
