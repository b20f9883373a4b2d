import Files
import Outlines
package import TraceModel
import WireFormat

/// Reads what the store held at one moment. Keeps the frames it read last, as neighbouring traces share them, and shares the first
/// with other readers. One thread uses it; it costs nothing until it reads.
package final class StoreReader {
    /// Oldest first.
    package let views: [SegmentView]
    /// What came from here on is not seen.
    package let end: RecordPosition
    /// Content of frames that was read and unpacked.
    package private(set) var readBytes = 0
    /// Frames that could not be read.
    package private(set) var unreadableFrames = 0

    private let context: StoreContext
    private let decoder = FrameReader()
    private var cache: [CachedFrame] = []
    private var cachedBytes = 0
    /// Memory of a frame that was forgotten, for the next one.
    private var spare: [UInt8] = []
    private var turn: UInt64 = 0
    /// And the number of the segment it was opened for.
    private var open: (number: UInt32, segment: OpenSegment)?

    private static let maxCachedBytes = 8 << 20
    /// What a long search reads after these is nothing that others ask for, too.
    private static let maxFramesShared = 192
    private var framesShared = 0

    private struct CachedFrame {
        var position: RecordPosition
        var raw: [UInt8]
        var lastUse: UInt64
    }

    /// - Parameter end: sees only what came before it; nil for all that is there now.
    package convenience init(_ store: SegmentStore, before end: RecordPosition? = nil) {
        self.init(store.context, before: end)
    }

    /// Of the store, until now and not until the reader's moment.
    package var erasures: UInt64 { context.erasures }

    /// Another one for the same store, which sees only what came before a place.
    package func again(before end: RecordPosition) -> StoreReader { StoreReader(context, before: end) }

    init(_ context: StoreContext, before end: RecordPosition? = nil) {
        self.context = context
        var views = context.segments.withLock { $0 }.map(\.view)
        if let end { views = views.map { $0.before(end) } }
        self.views = views
        self.end =
            end ?? views.last.map { RecordPosition(segment: $0.number, frame: UInt32($0.frameCount)) } ?? .start
    }

    /// Gives back the pages of indexes that were touched, where there are many in all.
    package func boundPages(of touched: Range<Int>) {
        guard StoreContext.hasManyPages else { return }
        for view in views[touched] { view.releasePages() }
    }

    /// Calls `body` with each traces request of a frame, until it returns false.
    package func forEachRequest(
        of view: SegmentView, _ frame: Int, _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(StoreError) {
        guard let raw = try content(view, frame) else { return }
        raw.withUnsafeBytes { raw in
            _ = walkRecords(in: raw) { header, bytes in header.kind == .traces ? body(bytes) : true }
        }
    }

    /// Calls `body` with each traces request of a frame and when it was stored, in Unix nanoseconds.
    package func forEachRecord(
        of view: SegmentView, _ frame: Int, _ body: (UnsafeRawBufferPointer, _ receivedAt: UInt64) -> Void
    ) throws(StoreError) {
        guard let raw = try content(view, frame) else { return }
        raw.withUnsafeBytes { raw in
            _ = walkRecords(in: raw) { header, bytes in
                if header.kind == .traces { body(bytes, header.receivedAt) }
                return true
            }
        }
    }

    /// An OTLP traces message with exactly the trace's spans, in the order of arrival; nil when there are none.
    package func trace(
        _ id: TraceID, maxBytes: Int = .max
    ) throws(StoreError) -> (message: [UInt8], isTruncated: Bool)? {
        var message: [UInt8] = []
        var spans = 0
        for view in views {
            for frame in view.frames(of: id) {
                if message.count >= maxBytes { return (message, true) }
                try forEachRequest(of: view, Int(frame)) { body in
                    spans += SegmentStore.copySpans(of: id, from: body, into: &message)
                    return true
                }
            }
        }
        return spans > 0 ? (message, false) : nil
    }

    /// An OTLP traces message with some of the trace's spans of one frame.
    package func spans(
        _ wanted: Set<SpanID>, of id: TraceID, in view: SegmentView, _ frame: Int
    ) throws(StoreError) -> [UInt8] {
        var message: [UInt8] = []
        try forEachRequest(of: view, frame) { body in
            _ = SegmentStore.copySpans(of: id, where: { wanted.contains($0) }, from: body, into: &message)
            return true
        }
        return message
    }

    /// Calls `body` with the hash of each trace that a view holds spans of and earlier segments hold spans of, too. Traces may
    /// come several times, and more than there are where the view has no outlines.
    package func forEachSpreadTrace(of view: SegmentView, _ body: (UInt32) -> Void) {
        if view.forEachSpreadTrace(body) { return }
        if view.segment.sealedIndex == nil {
            let earlier = context.segments.withLock { $0.filter { $0.number < view.number } }
            if let hashes = view.segment.spreadTraces(given: earlier) { return hashes.forEach(body) }
        }
        // It was sealed just now, or has no outlines.
        if view.segment.sealedIndex?.forEachSpreadTrace(body) == true { return }
        view.segment.sealedIndex?.forEachTrace { body(OutlineHash.of($0)) }
    }

    /// Nil when it cannot be read.
    private func content(_ view: SegmentView, _ frame: Int) throws(StoreError) -> [UInt8]? {
        let position = RecordPosition(segment: view.number, frame: UInt32(frame))
        turn &+= 1
        if let index = cache.firstIndex(where: { $0.position == position }) {
            cache[index].lastUse = turn
            return cache[index].raw
        }
        let place = FrameCache.Place(salt: view.salt, frame: frame)
        if let raw = context.frames.find(place) { return raw }
        do throws(StorageFailure) {
            if open?.number != view.number {
                open = try OpenSegment.open(view.segment).map { (view.number, $0) }
            }
            guard let log = open?.segment,
                let ref = log.segment === view.segment ? view.ref(frame) : log.segment.frame(UInt32(frame))
            else { return nil }
            let outcome = try decoder.read(
                log.file, at: Int(clamping: ref.offset), available: .max, salt: log.segment.salt, expected: ref)
            guard case .good = outcome else {
                unreadableFrames += 1
                context.note(unreadable: frame, of: log.segment, at: ref)
                return nil
            }
        } catch { throw .storage(error) }
        let raw = decoder.take(leaving: spare)
        spare = []
        readBytes += raw.count
        if framesShared < Self.maxFramesShared {
            framesShared += 1
            context.frames.keep(raw, at: place)
        } else {
            keep(raw, at: position)
        }
        return raw
    }

    private func keep(_ raw: [UInt8], at position: RecordPosition) {
        guard raw.count <= Self.maxCachedBytes / 4 else { return }
        cachedBytes += raw.count
        while cachedBytes > Self.maxCachedBytes,
            let oldest = cache.indices.min(by: { cache[$0].lastUse < cache[$1].lastUse })
        {
            cachedBytes -= cache[oldest].raw.count
            cache.swapAt(oldest, cache.count - 1)
            spare = cache.removeLast().raw
        }
        cache.append(CachedFrame(position: position, raw: raw, lastUse: turn))
    }
}
