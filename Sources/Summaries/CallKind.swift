/// What kind of call an edge of the call graph is, which also tells what stands at its end: a service for the first two.
package enum CallKind: UInt8, Sendable, Hashable, CaseIterable {
    case call = 0
    case message = 1
    case database = 2
    case queue = 3
    case host = 4

    package var endsAtService: Bool { self == .call || self == .message }
}

/// OTLP's numbers of span kinds.
enum KindNumber {
    static let server: UInt8 = 2
    static let client: UInt8 = 3
    static let producer: UInt8 = 4
    static let consumer: UInt8 = 5
}

extension SpanDigest {
    /// Whether `child`, whose parent this is, shows a call: it belongs to another service, or the two are the two sides of one.
    @inline(__always)
    func calls(_ child: SpanDigest) -> Bool {
        service != child.service || (kind == KindNumber.client && child.kind == KindNumber.server)
            || (kind == KindNumber.producer && child.kind == KindNumber.consumer)
    }

    @inline(__always)
    func callKind(to child: SpanDigest) -> CallKind {
        kind == KindNumber.producer || child.kind == KindNumber.consumer ? .message : .call
    }

    /// What this span calls if no span of the other side was received.
    @inline(__always)
    var callKindToPeer: CallKind? {
        guard peer != SymbolTable.none, kind == KindNumber.client || kind == KindNumber.producer else { return nil }
        switch peerKind {
        case .database: return .database
        case .queue: return .queue
        case .host, .none: return .host
        }
    }

    /// What is no kind of OTLP counts as unspecified.
    @inline(__always)
    var knownKind: UInt8 { kind <= 5 ? kind : 0 }
}
