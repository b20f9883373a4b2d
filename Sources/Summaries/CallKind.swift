/// What kind of call an edge of the call graph is, which also tells what stands at its end: a service for the first two.
package enum CallKind: UInt8, Sendable, Hashable, CaseIterable {
    case call = 0
    case message = 1
    case database = 2
    case queue = 3
    case host = 4

    package var endsAtService: Bool { self == .call || self == .message }

    /// Whether a parent and its child, of these kinds (OTLP's numbers), show a call: they belong to different services, or are
    /// the two sides of one.
    @inline(__always)
    package static func isCall(from parent: UInt8, to child: UInt8, isOneService: Bool) -> Bool {
        !isOneService || (parent == KindNumber.client && child == KindNumber.server)
            || (parent == KindNumber.producer && child == KindNumber.consumer)
    }

    /// Of a parent and its child that show a call.
    @inline(__always)
    package static func ofCall(from parent: UInt8, to child: UInt8) -> CallKind {
        parent == KindNumber.producer || child == KindNumber.consumer ? .message : .call
    }

    /// Whether a span of this kind is where a service is entered.
    @inline(__always)
    package static func entersService(_ kind: UInt8) -> Bool {
        kind == KindNumber.server || kind == KindNumber.consumer
    }

    /// Whether a span of this kind calls somebody.
    @inline(__always)
    package static func leavesService(_ kind: UInt8) -> Bool {
        kind == KindNumber.client || kind == KindNumber.producer
    }
}

/// OTLP's numbers of span kinds.
enum KindNumber {
    static let server: UInt8 = 2
    static let client: UInt8 = 3
    static let producer: UInt8 = 4
    static let consumer: UInt8 = 5
}

extension SpanDigest {
    /// Whether `child`, whose parent this is, shows a call.
    @inline(__always)
    func calls(_ child: SpanDigest) -> Bool {
        CallKind.isCall(from: kind, to: child.kind, isOneService: service == child.service)
    }

    @inline(__always)
    func callKind(to child: SpanDigest) -> CallKind { CallKind.ofCall(from: kind, to: child.kind) }

    /// What this span calls if no span of the other side was received.
    @inline(__always)
    var callKindToPeer: CallKind? {
        guard peer != SymbolTable.none, CallKind.leavesService(kind) else { return nil }
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
