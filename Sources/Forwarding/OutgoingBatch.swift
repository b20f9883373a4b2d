import WireFormat

/// Messages of one kind, concatenated: by protobuf's rules they are one message.
struct OutgoingBatch: Sendable {
    let kind: SignalKind
    let items: Int
    /// OTLP as it was received.
    let message: [UInt8]
    /// What this batch holds of the outbox's budget.
    let reservedBytes: Int
}
