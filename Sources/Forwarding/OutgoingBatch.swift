import WireFormat

/// Messages of one kind, concatenated: by protobuf's rules they are one message.
struct OutgoingBatch: Sendable {
    let kind: SignalKind
    var items: Int
    /// OTLP as it was received, until it is compressed for its first sending.
    var message: [UInt8]
    /// What this batch holds of the outbox's budget.
    let reservedBytes: Int
}
