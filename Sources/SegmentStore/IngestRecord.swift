package import WireFormat

/// One accepted request on its way to the disk.
package struct IngestRecord: Sendable {
    package var kind: SignalKind
    /// Who numbered it. Nil where the request carries no number: it is then stored as often as it comes.
    package var sender: SenderID?
    package var sequence: UInt64
    /// Unix nanoseconds. Retention counts from here.
    package var receivedAt: UInt64
    /// OTLP protobuf that a `TelemetryScanner` has found good. A part of what came, as cutting it out would copy it.
    package var body: ArraySlice<UInt8>
    /// What the scanner saw in `body`; the index is made of these alone.
    package var runs: [TraceRun]
    package var services: [ServiceCount]
    package var items: Int

    package init(
        kind: SignalKind, sender: SenderID? = nil, sequence: UInt64 = 0, receivedAt: UInt64, body: ArraySlice<UInt8>,
        runs: [TraceRun] = [], services: [ServiceCount] = [], items: Int
    ) {
        self.kind = kind
        self.sender = sender
        self.sequence = sequence
        self.receivedAt = receivedAt
        self.body = body
        self.runs = runs
        self.services = services
        self.items = items
    }

    package init(
        kind: SignalKind, sender: SenderID? = nil, sequence: UInt64 = 0, receivedAt: UInt64, body: [UInt8],
        runs: [TraceRun] = [], services: [ServiceCount] = [], items: Int
    ) {
        self.init(
            kind: kind, sender: sender, sequence: sequence, receivedAt: receivedAt, body: body[...], runs: runs,
            services: services, items: items)
    }

    /// What it counts for in the queue: its arrays and their bookkeeping.
    var queueBytes: Int {
        body.count &+ runs.count &* MemoryLayout<TraceRun>.stride &+ services.count &* 32 &+ 256
    }
}

package enum AppendOutcome: Sendable, Equatable {
    case stored
    /// This sender's sequence number is stored already; nothing was written.
    case duplicate
}
