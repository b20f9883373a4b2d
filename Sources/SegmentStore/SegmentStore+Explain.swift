import CLinux
package import TraceModel
import WireFormat

extension SegmentStore {
    /// The records with spans of a trace, in the order of arrival, at most `limit`, and how many spans there are in all.
    package func places(of id: TraceID, limit: Int) throws(StoreError) -> (places: [StoredPlace], spans: Int) {
        var places: [StoredPlace] = []
        var spans = 0
        for segment in segmentsNow() {
            try read(segment, segment.frames(of: id)) { ordinal, raw in
                raw.withUnsafeBytes { raw in
                    _ = walkRecords(in: raw) { header, body in
                        guard header.kind == .traces else { return true }
                        let count = Self.count(in: body) { trace, _ in trace == id }.count
                        guard count > 0 else { return true }
                        spans += count
                        if places.count < limit {
                            let position = RecordPosition(segment: segment.number, frame: ordinal)
                            places.append(StoredPlace(header, id, at: position, spans: count))
                        }
                        return true
                    }
                }
                return true
            }
        }
        return (places, spans)
    }

    /// Looks for a span by its id alone, for which there is no index: reads frames from the newest back until it is found
    /// or `maxBytes` of content were read.
    package func find(_ id: SpanID, maxBytes: Int) throws(StoreError) -> SpanSearch {
        var search = SpanSearch()
        let wanted = withUnsafeBytes(of: id.value.bigEndian) { Array($0) }
        for segment in segmentsNow().reversed() {
            let frames = (0..<UInt32(segment.frameCount)).reversed().compactMap { ordinal in
                segment.frame(ordinal).map { (ordinal, $0) }
            }
            try read(segment, frames) { ordinal, raw in
                guard search.readBytes < maxBytes else {
                    search.isComplete = false
                    return false
                }
                search.readBytes += raw.count
                raw.withUnsafeBytes { raw in
                    if let header = RecordHeader(raw, at: 0) { search.readBackTo = header.receivedAt }
                    // Nearly all frames end here.
                    guard hms_find(raw.baseAddress, UInt(raw.count), wanted, UInt(wanted.count)) != nil else { return }
                    _ = walkRecords(in: raw) { header, body in
                        guard header.kind == .traces else { return true }
                        let found = Self.count(in: body) { _, span in span == id }
                        guard found.count > 0, let trace = found.trace else { return true }
                        let position = RecordPosition(segment: segment.number, frame: ordinal)
                        search.place = StoredPlace(header, trace, at: position, spans: found.count)
                        return false
                    }
                }
                return search.place == nil
            }
            if search.place != nil || !search.isComplete { break }
        }
        return search
    }

    /// When the oldest record that is still there came; nil when there is none.
    package var oldestArrival: UInt64? {
        segmentsNow().map(\.summary).filter { $0.lastReceivedAt > 0 }.map(\.firstReceivedAt).min()
    }

    /// How many spans of a record are wanted, and the trace of the first.
    private static func count(
        in body: UnsafeRawBufferPointer, _ isWanted: (TraceID, SpanID) -> Bool
    ) -> (count: Int, trace: TraceID?) {
        var count = 0
        var first: TraceID?
        var nothing: [UInt8] = []
        // The scanner found the message good when it came. Nothing is kept, so nothing is copied.
        _ = try? SpanFilter.copy(body.bindMemory(to: UInt8.self).span, into: &nothing) { traceID, spanID in
            guard traceID.count == 16, spanID.count == 8 else { return false }
            // The comparison of the lengths keeps the loads inside.
            let trace = TraceID(
                high: UInt64(bigEndian: traceID.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: traceID.bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            let span = SpanID(
                value: UInt64(bigEndian: spanID.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)))
            if isWanted(trace, span) {
                count += 1
                if first == nil { first = trace }
            }
            return false
        }
        return (count, first)
    }
}

extension StoredPlace {
    fileprivate init(_ header: RecordHeader, _ id: TraceID, at position: RecordPosition, spans: Int) {
        self.init(
            traceID: id, position: position, receivedAt: header.receivedAt, sender: header.sender,
            sequence: header.sequence, spans: spans)
    }
}
