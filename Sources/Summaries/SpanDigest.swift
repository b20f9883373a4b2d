package import TraceModel

/// What the summaries need to know of a span. Fixed size (72 bytes), no references: hundreds of thousands are kept.
package struct SpanDigest: Sendable, Equatable {
    package var traceHigh: UInt64
    package var traceLow: UInt64
    package var spanID: UInt64
    /// 0: none.
    package var parentID: UInt64
    /// Unix nanoseconds, as sent.
    package var start: UInt64
    package var end: UInt64
    /// Tells copies of one span apart: the same for the same content, and otherwise almost surely another. It must be a
    /// function of the content alone, resource and scope included, so that every process gives the same.
    package var contentHash: UInt64
    /// Symbols of the builder's `SymbolTable`.
    package var service: UInt32
    /// From `SymbolTable.operation(ofName:)`: the clustered name.
    package var operation: UInt32
    /// What is called, for clients and producers: the name of a database system, a queue or a host; `SymbolTable.none` if
    /// the span does not tell.
    package var peer: UInt32
    /// OTLP's number.
    package var kind: UInt8
    package var peerKind: PeerKind
    /// OTLP's status code in the lowest two bits; the next tells whether `operation` is the exact name.
    private var traits: UInt8

    /// What stands at the other end of a call and sends no spans itself.
    package enum PeerKind: UInt8, Sendable, CaseIterable {
        case none = 0
        case database = 1
        case queue = 2
        case host = 3
    }

    package init(
        trace: TraceID, spanID: UInt64, parentID: UInt64, start: UInt64, end: UInt64, service: UInt32,
        operation: UInt32, isExactName: Bool = false, kind: UInt8, status: UInt8, peer: UInt32 = SymbolTable.none,
        peerKind: PeerKind = .none, contentHash: UInt64
    ) {
        (traceHigh, traceLow) = (trace.high, trace.low)
        (self.spanID, self.parentID) = (spanID, parentID)
        (self.start, self.end) = (start, end)
        (self.service, self.operation, self.peer) = (service, operation, peer)
        (self.kind, self.peerKind) = (kind, peerKind)
        traits = status & 3 | (isExactName ? 4 : 0)
        self.contentHash = contentHash
    }

    package var status: UInt8 { traits & 3 }
    package var isError: Bool { status == 2 }
    /// Whether the span's name is that of its operation.
    package var isExactName: Bool { traits & 4 != 0 }

    /// Nanoseconds. A span that ends before it starts takes no time.
    package var duration: UInt64 { end > start ? end - start : 0 }

    /// Whether this copy of a span stands in place of `other`: it ends later, or else began earlier, or else its content comes
    /// first. The same rule as in the assembly of traces.
    func stands(over other: SpanDigest) -> Bool {
        if end != other.end { return end > other.end }
        if start != other.start { return start < other.start }
        return contentHash < other.contentHash
    }

    func isCopy(of other: SpanDigest) -> Bool {
        end == other.end && start == other.start && contentHash == other.contentHash
    }
}
