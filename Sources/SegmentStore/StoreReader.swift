import Files
import Glibc
package import TraceModel
import WireFormat

/// Reads what the store held at one moment. Keeps the frames it read last, as neighbouring traces share them. One thread uses
/// it; it costs nothing until it reads.
package final class StoreReader {
    /// Oldest first.
    package let views: [SegmentView]
    /// What came from here on is not seen.
    package let end: RecordPosition
    /// Content of frames that was read and unpacked.
    package private(set) var readBytes = 0
    /// Frames that could not be read.
    package private(set) var unreadableFrames = 0

    private let store: SegmentStore
    private let decoder = FrameReader()
    private var cache: [CachedFrame] = []
    private var cachedBytes = 0
    private var turn: UInt64 = 0
    private var file: (segment: UInt32, file: OpenFile)?

    private static let maxCachedBytes = 8 << 20

    private struct CachedFrame {
        var position: RecordPosition
        var raw: [UInt8]
        var lastUse: UInt64
    }
    /// A class, so that it can stand in a property.
    private final class OpenFile {
        let file: ReadFile
        init(_ path: String) throws(StorageFailure) { file = try ReadFile(path) }
    }

    /// - Parameter end: sees only what came before it; nil for all that is there now.
    package init(_ store: SegmentStore, before end: RecordPosition? = nil) {
        self.store = store
        var views = store.segmentsNow().map(\.view)
        if let end { views = views.map { $0.before(end) } }
        self.views = views
        self.end =
            end ?? views.last.map { RecordPosition(segment: $0.number, frame: UInt32($0.frameCount)) } ?? .start
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

    /// Nil when it cannot be read.
    private func content(_ view: SegmentView, _ frame: Int) throws(StoreError) -> [UInt8]? {
        let position = RecordPosition(segment: view.number, frame: UInt32(frame))
        turn &+= 1
        if let index = cache.firstIndex(where: { $0.position == position }) {
            cache[index].lastUse = turn
            return cache[index].raw
        }
        do throws(StorageFailure) {
            if file?.segment != view.number { file = (view.number, try OpenFile(view.segment.logPath)) }
            guard let open = file?.file else { return nil }
            let ref = view.ref(frame)
            let outcome = try decoder.read(
                open.file, at: Int(clamping: ref.offset), available: .max, salt: view.segment.salt, expected: ref)
            guard case .good = outcome else {
                unreadableFrames += 1
                store.note(unreadable: frame, of: view.segment, at: ref)
                return nil
            }
        } catch {
            // Retention took it.
            if error.code == ENOENT { return nil }
            throw .storage(error)
        }
        let raw = decoder.raw
        readBytes += raw.count
        keep(raw, at: position)
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
            cache.removeLast()
        }
        cache.append(CachedFrame(position: position, raw: raw, lastUse: turn))
    }
}
