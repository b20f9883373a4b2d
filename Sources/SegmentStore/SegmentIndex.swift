import TraceModel
import WireFormat

/// What is known of one segment while it is open and until its index file stands: grows with each commit.
struct SegmentIndex: Sendable {
    var summary: SegmentSummary
    private(set) var traces: TraceTable
    private(set) var frames: [FrameRef] = []
    /// What is known of the spans of the first frames: it follows the frames by a commit at most.
    private(set) var contents: [FrameContent] = []
    /// Tokens of all frames.
    private(set) var tokenCount = 0
    private(set) var services = ServiceCatalogue()

    init(header: SegmentHeader) {
        summary = SegmentSummary(header: header)
        traces = TraceTable(salt: header.salt)
    }

    mutating func append(_ frame: FrameRef, _ header: FrameHeader) {
        frames.append(frame)
        summary.held += header.items
        summary.logEnd = Int(frame.offset) + header.frameLength
        if header.records > 0 {
            summary.firstReceivedAt = min(summary.firstReceivedAt, header.firstReceivedAt)
            summary.lastReceivedAt = max(summary.lastReceivedAt, header.lastReceivedAt)
        }
    }

    /// Enters what can be looked for in the next frame that lacks it.
    mutating func append(_ content: FrameContent) {
        contents.append(content)
        tokenCount += content.tokens.count
    }

    /// Enters a record that lies in the frame numbered `frame`. Calls `onNew` for each trace the segment did not know.
    mutating func insert(
        _ kind: SignalKind, runs: [TraceRun], services counts: [ServiceCount], at time: UInt64, frame: UInt32,
        onNew: (TraceID) -> Void
    ) {
        for run in runs where traces.insert(run.traceID, frame: frame) { onNew(run.traceID) }
        for count in counts where !count.name.isEmpty {
            services.add(count.name, spans: kind == .traces ? UInt64(count.spans) : 0, at: time)
        }
    }
}
