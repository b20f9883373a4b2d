import OTLP
import SpanTokens

/// What a span calls, as its attributes tell: the rule of the summaries that are made when spans arrive.
struct SpanPeer {
    let kind: GraphEdgeKind
    let name: String

    /// Nil for spans that call nobody, or do not say whom.
    init?(of span: SpanValue) {
        guard span.kind == .client || span.kind == .producer else { return nil }
        var found = SpanFacts.PeerKind.none
        var name = ""
        for attribute in span.attributes {
            guard let kind = PeerKeys.names.first(where: { $0.key == attribute.key })?.kind,
                kind.rawValue > found.rawValue, let text = attribute.value.string, !text.isEmpty
            else { continue }
            (found, name) = (kind, text)
        }
        switch found {
        case .none: return nil
        case .host: kind = .host
        case .queue: kind = .queue
        case .database: kind = .database
        }
        self.name = name.asSummarised
    }
}

extension String {
    /// As the summaries keep it: 255 bytes at most, not cut in the middle of a character.
    var asSummarised: String {
        guard utf8.count > 255 else { return self }
        let bytes = Array(utf8.prefix(256))
        var end = 255
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
