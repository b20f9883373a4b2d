import Querying
import SegmentStore
import SelfTelemetry
import TraceModel

/// A store with a past: two senders, rejections, deletions, and a refusal of the sample trace.
enum LedgerSample {
    static let sender = SenderID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

    static func fill(_ source: MemorySource) {
        var figures = LedgerFigures()
        figures.stored = ItemCounts(spans: 100, points: 20, logs: 3)
        figures.held = ItemCounts(spans: 70, points: 20, logs: 3)
        figures.deleted = ItemCounts(spans: 25)
        figures.damaged = ItemCounts(spans: 5)
        figures.duplicates = ItemCounts(spans: 8)
        figures.rejected = ["busy": ItemCounts(spans: 2, logs: 1), "bad_identity": ItemCounts(spans: 4)]
        figures.senders = [
            LedgerFigures.Sender(
                id: sender, stored: ItemCounts(spans: 60), duplicates: ItemCounts(spans: 8), lastSequence: 41,
                lastSeen: 1_700_000_000_123_000_000),
            LedgerFigures.Sender(
                id: SenderID(high: 1, low: 2), stored: ItemCounts(), duplicates: ItemCounts(), lastSequence: nil,
                lastSeen: 0),
        ]
        source.figures = figures
        source.oldest = 1_700_000_000_000_000_000
        source.refusals = [
            RefusalRing.Refusal(
                time: 1_700_000_000_500_000_000, reason: "bad_identity", peer: "127.0.0.1:5000", door: "grpc",
                signal: "traces", items: 4, traceIDs: ["\(sampleID)"], spanIDs: ["00f067aa0ba902b7"],
                detail: "span_id at byte 9: has 3 bytes, expected 8")
        ]
        source.stored[sampleID] = [
            StoredPlace(
                traceID: sampleID, position: RecordPosition(segment: 7, frame: 3),
                receivedAt: 1_700_000_000_000_000_000, sender: sender, sequence: 40, spans: 2)
        ]
    }
}
