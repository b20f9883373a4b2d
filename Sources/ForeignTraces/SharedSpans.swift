import OTLP
import TraceModel

/// Zipkin lets client and server report one span under one id; here a span has one reporter. Where both ends are in the
/// document, the server's end becomes a span of its own below the client's, and takes over what names the id as parent from
/// the server's side. Its new id is computed from the old one, so a document that is read twice gives the same spans.
struct SharedSpans {
    private struct Key: Hashable {
        let traceID: TraceID
        let spanID: SpanID
    }

    private var servers: [Int] = []
    private var clients: Set<Key> = []

    mutating func note(_ span: SpanValue, at index: Int, isShared: Bool) {
        if span.kind == .client {
            clients.insert(Key(traceID: span.traceID, spanID: span.spanID))
        } else if isShared || span.kind == .server {
            servers.append(index)
        }
    }

    func separate(_ spans: inout [SpanValue]) {
        var renamed: [Key: SpanID] = [:]
        var isServer: Set<Int> = []
        for index in servers {
            let key = Key(traceID: spans[index].traceID, spanID: spans[index].spanID)
            guard clients.contains(key) else { continue }
            let id = Self.serverID(of: key)
            renamed[key] = id
            isServer.insert(index)
            spans[index].parentSpanID = spans[index].spanID
            spans[index].spanID = id
        }
        guard !renamed.isEmpty else { return }
        for index in spans.indices where !isServer.contains(index) {
            guard let parent = spans[index].parentSpanID,
                let id = renamed[Key(traceID: spans[index].traceID, spanID: parent)]
            else { continue }
            spans[index].parentSpanID = id
        }
    }

    /// SplitMix64's mixing of both ids, a bijection of the span id within a trace; never zero.
    private static func serverID(of key: Key) -> SpanID {
        var mixed = key.spanID.value ^ key.traceID.low ^ 0x5EED_5E1F_0000_0001
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return SpanID(value: mixed == 0 ? 1 : mixed)
    }
}
