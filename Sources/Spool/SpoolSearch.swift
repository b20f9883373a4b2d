import Files

/// Looks for bytes in what the spool holds: what waits, and what was forwarded a moment ago. Reads all of it, so it is for a
/// person's question and not for a hot path.
package struct SpoolSearch {
    package struct Place: Sendable {
        package let lane: LaneAccount
        package let batch: UInt64
        package let isSettled: Bool
    }

    private let spool: Spool
    private static let most = 16

    package init(_ spool: Spool) { self.spool = spool }

    /// At most 16 places, one for each batch.
    package func find(_ wanted: [UInt8]) -> [Place] {
        var places: [Place] = []
        for lane in spool.lanes {
            for segment in lane.currentSegments {
                search(segment, of: lane, for: wanted, &places)
                if places.count >= Self.most { return places }
            }
        }
        return places
    }

    private func search(_ segment: SpoolSegment, of lane: LaneAccount, for wanted: [UInt8], _ places: inout [Place]) {
        let end = segment.end
        var offset = SegmentHeader.length
        var head: [UInt8] = []
        var body: [UInt8] = []
        while offset < end, places.count < Self.most {
            guard (try? segment.file.read(RecordHeader.length, at: offset, into: &head)) != nil,
                let header = head.withUnsafeBytes({ RecordHeader($0, at: 0, salt: segment.header.salt) }),
                header.recordLength <= end - offset,
                (try? segment.file.read(header.messageLength, at: offset + RecordHeader.length, into: &body)) != nil
            else { return }
            if Self.contains(body, wanted), places.last.map({ $0.lane !== lane || $0.batch != header.batch }) ?? true {
                places.append(Place(lane: lane, batch: header.batch, isSettled: lane.isSettled(header.batch)))
            }
            offset += header.recordLength
        }
    }

    static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first, bytes.count >= wanted.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            wanted.withUnsafeBufferPointer { wanted in
                for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
                    if (1..<wanted.count).allSatisfy({ bytes[start + $0] == wanted[$0] }) { return true }
                }
                return false
            }
        }
    }
}
