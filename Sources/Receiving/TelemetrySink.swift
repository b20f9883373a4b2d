package import EventLoop
package import WireFormat

/// One request's telemetry after every check: valid OTLP protobuf, ready to be stored or passed on.
package struct AcceptedTelemetry: Sendable {
    package var kind: SignalKind
    /// The bytes that `payload` points into; a sink may keep the array without a copy.
    package var bytes: [UInt8]
    package var payload: Range<Int>
    /// Spans, data points or log records.
    package var items: Int
    /// Traces only, and only when the service was told to collect them.
    package var runs: [TraceRun]
    package var services: [ServiceCount]
    /// `x-hms-sender` and `x-hms-sequence`, where the request came from a sidecar.
    package var sender: String?
    package var sequence: UInt64
    /// What the door wants to find beside the data after a restart; empty for most.
    package var note: [UInt8] = []
    /// A message of this length is never kept twice: who makes another of it lets go of the first, and of what it reserved.
    package static let largeBytes = 1 << 20

    /// Items that came with these and were left out by sampling: accepted, and dropped as `sampled`. Not part of `items`.
    package var sampledOut = 0

    package init(
        kind: SignalKind, bytes: [UInt8], payload: Range<Int>, items: Int, runs: [TraceRun] = [],
        services: [ServiceCount] = [], sender: String? = nil, sequence: UInt64 = 0, note: [UInt8] = []
    ) {
        self.kind = kind
        self.bytes = bytes
        self.payload = payload
        self.items = items
        self.runs = runs
        self.services = services
        self.sender = sender
        self.sequence = sequence
        self.note = note
    }
}

package enum SinkAnswer: Sendable {
    /// The sink answers for the data from now on.
    case accepted
    /// It has this very batch already.
    case duplicate
    /// It had some of the items already, and answers for the others from now on.
    case partlyDuplicate(items: Int)
    /// It cannot take the data now; the sender is asked to come again after that time.
    case busy(reason: String, retryAfter: Duration)
    /// It could never take the data.
    case tooLarge(reason: String)

    package static let noMemory = busy(
        reason: "too much is being received at once; send it again later", retryAfter: .seconds(1))
}

/// Where accepted telemetry goes. Lives on the loop of the service that feeds it.
package protocol TelemetrySink: AnyObject {
    /// Calls `done` exactly once, on the same loop, now or later.
    ///
    /// - Parameter memory: what the telemetry's bytes have reserved, given back by the caller once `done` was called. A sink
    ///   that makes copies reserves them here. Nil from doors whose messages are small.
    func accept(
        _ telemetry: consuming AcceptedTelemetry, _ memory: BudgetShare?, _ done: @escaping (SinkAnswer) -> Void)
}
