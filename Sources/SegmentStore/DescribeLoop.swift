import WireFormat

/// Describes what was committed, on a thread of its own: whoever waits for an acknowledgement does not wait for this, and
/// whoever searches meanwhile reads the frames that lack a description whole.
final class DescribeLoop {
    private let context: StoreContext

    init(_ context: StoreContext) { self.context = context }

    /// What the writer hands over. Records count as queued until they are described, which bounds what waits here.
    enum Job: Sendable {
        case commit(Commit)
        case end(Segment)
        /// All that came before the roll of this number.
        case rolled(Int)
        /// All that came before is described.
        case mark(UInt64)
    }

    struct Commit: Sendable {
        /// Nil when nothing was written.
        var segment: Segment?
        /// The commit's frames, each with its traces requests.
        var frames: [[ArraySlice<UInt8>]] = []
        var records: Int
        var bytes: Int
    }

    struct Queue: Sendable {
        var jobs: [Job] = []
        var isClosing = false
        /// Jobs were taken and are not done.
        var isBusy = false
        var marksAsked: UInt64 = 0
        var marksDone: UInt64 = 0
    }

    func run() {
        var describer: SpanDescriber?
        // As many as the segment before had.
        var expectedSpans = 0
        while true {
            let jobs: [Job]? = context.describing.wait { queue in
                if !queue.jobs.isEmpty {
                    var jobs: [Job] = []
                    swap(&jobs, &queue.jobs)
                    queue.isBusy = true
                    return jobs
                }
                return queue.isClosing ? [] : nil
            }
            guard let jobs, !jobs.isEmpty else { return }
            for job in jobs {
                switch job {
                case .commit(let commit):
                    if let segment = commit.segment { describe(commit.frames, of: segment, expectedSpans, &describer) }
                    // The writer has nothing to do because of this; who waits for it waits for the last one.
                    context.queue.update(
                        { $0.finished(records: commit.records, bytes: commit.bytes) },
                        wakingIf: { $0.records == 0 || $0.isHeldBack && !$0.isBehind })
                case .end(let segment):
                    describer = nil
                    expectedSpans = Int(clamping: segment.indexSize.spans)
                    context.maintenance.update { $0.ended.append(segment) }
                case .rolled(let ticket): context.queue.update { $0.rollsDone = ticket }
                case .mark(let ticket): context.describing.update { $0.marksDone = ticket }
                }
            }
            context.describing.update { $0.isBusy = false }
        }
    }

    private func describe(
        _ frames: [[ArraySlice<UInt8>]], of segment: Segment, _ expectedSpans: Int, _ describer: inout SpanDescriber?
    ) {
        var own = describer.take() ?? SpanDescriber(segment, expectedSpans: expectedSpans)
        if own.segment !== segment { own = SpanDescriber(segment, expectedSpans: expectedSpans) }
        own.describe(frames)
        describer = consume own
    }
}
