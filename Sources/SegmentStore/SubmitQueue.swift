/// What waits for the writer. Bounded in bytes; what is taken counts until its callbacks have run.
struct SubmitQueue: Sendable {
    struct Submission: Sendable {
        var record: IngestRecord
        var whenDurable: @Sendable (Result<AppendOutcome, StoreError>) -> Void
    }

    var waiting: [Submission] = []
    private(set) var bytes = 0
    private(set) var records = 0
    private(set) var refused: UInt64 = 0
    var isClosing = false
    let maxBytes: Int

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// A record larger than the whole bound is taken when nothing else is there: else it could never be.
    mutating func add(_ submission: Submission) -> Bool {
        let cost = submission.record.queueBytes
        guard !isClosing, records == 0 || bytes + cost <= maxBytes else {
            refused &+= 1
            return false
        }
        bytes += cost
        records += 1
        waiting.append(submission)
        return true
    }

    mutating func finished(records count: Int, bytes cost: Int) {
        records -= count
        bytes -= cost
    }
}
