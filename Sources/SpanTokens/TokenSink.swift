/// Takes what a walk over spans finds, in this order for each resource: its tokens, then for each scope its tokens and its
/// spans, each span's tokens before the span itself.
protocol TokenSink: ~Copyable {
    /// A ResourceSpans begins; `token` calls until the first span or scope say what holds for all of its spans.
    mutating func beginResource()
    mutating func resourceToken(_ token: UInt64)
    /// Whether the spans of the resource are to be walked. Asked once all tokens of the resource are told.
    mutating func admitsSpans() -> Bool
    /// Whether attributes are of interest at all.
    var wantsAttributes: Bool { get }
    /// Whether the tokens of an attribute are to be made.
    func wants(keyHash: UInt64) -> Bool
    /// A ScopeSpans begins; the tokens before its first span hold for all of its spans.
    mutating func beginScope()
    mutating func scopeToken(_ token: UInt64)
    mutating func spanToken(_ token: UInt64)
    mutating func span(_ facts: SpanFacts)
    mutating func endResource()
}

/// What a walk tells of a span besides its tokens. The pointers are into the record that is walked.
package struct SpanFacts {
    package var traceHigh: UInt64 = 0
    package var traceLow: UInt64 = 0
    package var spanID: UInt64 = 0
    /// 0 for a root.
    package var parentID: UInt64 = 0
    package var start: UInt64 = 0
    package var end: UInt64 = 0
    /// OTLP's number; what OTLP does not define is 0.
    package var kind: UInt8 = 0
    package var status: UInt8 = 0
    package var name: UnsafeRawBufferPointer
    /// The first `service.name` of the resource, when it is a string.
    package var service: UnsafeRawBufferPointer
    package var nameHash: UInt64 = 0
    package var serviceHash: UInt64 = 0
    /// The whole span as it lies in the record.
    package var bytes: UnsafeRawBufferPointer
    /// Of resource and scope, whatever the segment.
    var contextHash: UInt64 = 0
    /// What the span calls, and what that is; empty when it does not say.
    package var peer: UnsafeRawBufferPointer
    package var peerKind = PeerKind.none

    /// In the order of precedence, the last first.
    package enum PeerKind: UInt8, Sendable {
        case none = 0
        case host
        case queue
        case database
    }

    /// The same for the same span wherever it is stored, and almost surely another for another one.
    package var contentHash: UInt64 { SpanWalk.contentHash.join(contextHash, SpanWalk.contentHash(bytes), .equals) }

    /// 0 when the end lies before the start.
    package var duration: UInt64 { end > start ? end - start : 0 }
}
