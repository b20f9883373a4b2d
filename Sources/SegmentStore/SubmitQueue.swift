/// What waits for the writer. Bounded in bytes; what is taken counts until it is described.
struct SubmitQueue: Sendable {
    struct Submission: Sendable {
        var record: IngestRecord
        var whenDurable: @Sendable (Result<AppendOutcome, StoreError>) -> Void
    }

    private(set) var waiting: [Submission] = []
    /// Bodies of what is in `waiting`.
    private(set) var waitingBytes = 0
    /// What they count for.
    private var waitingCost = 0
    private(set) var bytes = 0
    private(set) var records = 0
    private(set) var refused: UInt64 = 0
    var isClosing = false
    /// The writer waits for company or for a time, and need not be woken for less.
    var isGathering = false
    /// The writer works on what it took last, the end of a full segment included.
    var isWriting = false
    /// The writer waits for what was written before to be described.
    var isHeldBack = false
    /// Times that the growing segment was to end, and did.
    var rollsAsked = 0
    /// Begun by the writer; done when the segment that ended is described and waits for its seal.
    var rollsBegun = 0
    var rollsDone = 0
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
        waitingBytes += submission.record.body.count
        waitingCost += cost
        return true
    }

    /// Moves the oldest records, about `bytes` of them and at least one, into the empty `batch`.
    mutating func take(upTo bytes: Int, into batch: inout [Submission]) {
        var taken = 0
        var count = 0
        while count < waiting.count, count == 0 || taken + waiting[count].record.body.count <= bytes {
            taken += waiting[count].record.body.count
            waitingCost -= waiting[count].record.queueBytes
            count += 1
        }
        waitingBytes -= taken
        if count == waiting.count {
            swap(&waiting, &batch)
        } else {
            batch.append(contentsOf: waiting[..<count])
            waiting.removeFirst(count)
        }
    }

    /// Whether so much is taken and not described that senders had better wait for their answers than be refused. To be asked
    /// while the writer has nothing in hand.
    var isBehind: Bool { !isClosing && bytes - waitingCost > maxBytes / 4 * 3 }

    /// Whether the writer has something to do that does not wait for company.
    func isUrgent(_ frameBytes: Int) -> Bool { waitingBytes >= frameBytes || isClosing || rollsBegun < rollsAsked }

    /// Whether what was just added is to wake the writer.
    func isAwaited(_ frameBytes: Int) -> Bool {
        !isHeldBack && (isUrgent(frameBytes) || (waiting.count == 1 && !isGathering))
    }

    mutating func finished(records count: Int, bytes cost: Int) {
        records -= count
        bytes -= cost
    }
}
