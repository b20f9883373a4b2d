/// Takes what a walk over spans finds, in this order for each resource: its tokens, then for each scope its tokens and its
/// spans, each span's tokens before the span itself.
///
/// Whoever keeps what it was told may `recall` it when the same comes again: the walk then does not read it, and tells no tokens
/// of it. What it does not recall is told, and then it may `learn` it.
protocol TokenSink: ~Copyable {
    /// A ResourceSpans begins; `resourceToken` calls until the first span or scope say what holds for all of its spans.
    mutating func beginResource()
    mutating func recall(resource: UnsafeRawBufferPointer) -> KnownContext?
    mutating func learn(resource: KnownContext)
    mutating func resourceToken(_ token: UInt64)
    /// Whether the spans of the resource are to be walked. Asked once all tokens of the resource are told.
    mutating func admitsSpans() -> Bool
    /// Whether attributes are of interest at all.
    var wantsAttributes: Bool { get }
    /// Whether the tokens of an attribute are to be made.
    func wants(keyHash: UInt64) -> Bool
    /// A ScopeSpans begins; the tokens before its first span hold for all of its spans.
    mutating func beginScope()
    mutating func recall(scope: UnsafeRawBufferPointer) -> KnownContext?
    mutating func learn(scope: KnownContext)
    mutating func scopeToken(_ token: UInt64)
    /// A span's own attribute, a whole KeyValue; what it tells of whom the span calls is learned.
    mutating func recall(attribute: UnsafeRawBufferPointer) -> SpanFacts.PeerKind?
    mutating func learn(attribute peer: SpanFacts.PeerKind)
    /// Service, name, kind, status and whether there is a parent, as one hash.
    mutating func recall(operation: UInt64) -> Bool
    mutating func learnOperation()
    /// A duration of the operation that was recalled or learned just before.
    mutating func recall(operation: UInt64, bucket: Int) -> Bool
    mutating func spanToken(_ token: UInt64)
    mutating func span(_ facts: SpanFacts)
    mutating func endResource()
}

extension TokenSink where Self: ~Copyable {
    @inline(__always)
    mutating func recall(resource: UnsafeRawBufferPointer) -> KnownContext? { nil }
    @inline(__always)
    mutating func learn(resource: KnownContext) {}
    @inline(__always)
    mutating func recall(scope: UnsafeRawBufferPointer) -> KnownContext? { nil }
    @inline(__always)
    mutating func learn(scope: KnownContext) {}
    @inline(__always)
    mutating func recall(attribute: UnsafeRawBufferPointer) -> SpanFacts.PeerKind? { nil }
    @inline(__always)
    mutating func learn(attribute peer: SpanFacts.PeerKind) {}
    @inline(__always)
    mutating func recall(operation: UInt64) -> Bool { false }
    @inline(__always)
    mutating func learnOperation() {}
    @inline(__always)
    mutating func recall(operation: UInt64, bucket: Int) -> Bool { false }
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
    package enum PeerKind: UInt8, Sendable, BitwiseCopyable {
        case none = 0
        case host
        case queue
        case database
    }

    /// The same for the same span wherever it is stored, and almost surely another for another one.
    package var contentHash: UInt64 { ContentHash.join(contextHash, ContentHash.of(bytes), .span) }

    /// 0 when the end lies before the start.
    package var duration: UInt64 { end > start ? end - start : 0 }
}
