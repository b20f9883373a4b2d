package import WireFormat

/// One request's telemetry after every check: valid OTLP protobuf, ready to be stored or passed on.
package struct AcceptedTelemetry {
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
    /// Items that came with these and were left out by sampling: accepted, and dropped as `sampled`. Not part of `items`.
    package var sampledOut = 0
}

package enum SinkAnswer: Sendable {
    /// The sink answers for the data from now on.
    case accepted
    /// It has this very batch already.
    case duplicate
    /// It cannot take the data now; the sender is asked to come again after that time.
    case busy(reason: String, retryAfter: Duration)
}

/// Where accepted telemetry goes. Lives on the loop of the service that feeds it.
package protocol TelemetrySink: AnyObject {
    /// Calls `done` exactly once, on the same loop, now or later.
    func accept(_ telemetry: consuming AcceptedTelemetry, _ done: @escaping (SinkAnswer) -> Void)
    /// All items of a message were left out by sampling, so that there is nothing to accept.
    func noteSampledOut(_ kind: SignalKind, _ items: Int)
}

extension TelemetrySink {
    package func noteSampledOut(_ kind: SignalKind, _ items: Int) {}
}
