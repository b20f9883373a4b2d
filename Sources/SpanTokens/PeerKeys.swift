/// The attributes that tell what a span calls, by the hashes of their keys.
package struct PeerKeys: Sendable {
    /// Of several that a span has the kind with the highest number counts, and of that kind the first that is a text.
    package static let names: [(key: String, kind: SpanFacts.PeerKind)] = [
        ("db.system.name", .database), ("db.system", .database), ("messaging.destination.name", .queue),
        ("messaging.system", .queue), ("peer.service", .host), ("server.address", .host), ("net.peer.name", .host),
    ]
    private var entries: [(hash: UInt64, kind: SpanFacts.PeerKind)] = []
    /// Nearly all keys are none of these.
    private var filter: UInt64 = 0

    init(_ tokens: SpanToken) {
        for (key, kind) in Self.names {
            let hash = tokens.hash(of: key)
            entries.append((hash, kind))
            filter |= 1 << (hash >> 58)
        }
    }

    @inline(__always)
    func kind(_ keyHash: UInt64) -> SpanFacts.PeerKind? {
        guard filter &>> (keyHash &>> 58) & 1 == 1 else { return nil }
        return entries.first { $0.hash == keyHash }?.kind
    }
}
