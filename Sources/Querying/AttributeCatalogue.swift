import JSON
import OTLP
import QueryLanguage
package import SegmentStore
import WireFormat

/// Which attributes spans have and which values are frequent, counted over the newest spans stored: for completion and facets.
/// A sample, and says of how many spans; whether a key occurs at all, however seldom, a search tells.
package struct AttributeCatalogue: Sendable {
    package struct Key: Sendable {
        /// Spans that have it, in some place.
        package var spans = 0
        /// By canonical text, at most `maximumValues` kept.
        package var values: [String: Int] = [:]
        package var hasMoreValues = false
    }

    package private(set) var spans = 0
    package private(set) var keys: [String: Key] = [:]
    package private(set) var hasMoreKeys = false

    private static let maximumKeys = 2000
    private static let maximumValues = 500
    private static let maximumValueBytes = 256

    package init() {}

    mutating func add(_ span: SpanValue) {
        spans += 1
        var seen: Set<String> = []
        add(span.attributes, &seen)
        add(span.resource.attributes, &seen)
        add(span.scope.attributes, &seen)
        for event in span.events { add(event.attributes, &seen) }
        for link in span.links { add(link.attributes, &seen) }
    }

    private mutating func add(_ attributes: [Attribute], _ seen: inout Set<String>) {
        for attribute in attributes {
            if keys[attribute.key] == nil, keys.count >= Self.maximumKeys {
                hasMoreKeys = true
                continue
            }
            let isNew = seen.insert(attribute.key).inserted
            var key = keys[attribute.key] ?? Key()
            // Changed in place: the table's copy goes first.
            keys[attribute.key] = nil
            if isNew { key.spans += 1 }
            if let text = canonicalText(attribute.value), text.utf8.count <= Self.maximumValueBytes {
                if key.values[text] != nil || key.values.count < Self.maximumValues {
                    key.values[text, default: 0] += 1
                } else {
                    key.hasMoreValues = true
                }
            }
            keys[attribute.key] = key
        }
    }

    /// Counts the newest spans, until `spans` or `bytes` of frames were read.
    package static func sample(
        _ reader: StoreReader, spans limit: Int = 20_000, bytes: Int = 64 << 20
    ) throws(StoreError) -> AttributeCatalogue {
        var catalogue = AttributeCatalogue()
        for view in reader.views.reversed() {
            for frame in (0..<view.frameCount).reversed() {
                guard catalogue.spans < limit, reader.readBytes < bytes else { return catalogue }
                try reader.forEachRequest(of: view, frame) { body in
                    // What was stored was found good; what cannot be decoded all the same is left out.
                    let spans = try? decodeSpans(body.bindMemory(to: UInt8.self).span)
                    for span in spans ?? [] { catalogue.add(span) }
                    return catalogue.spans < limit
                }
            }
        }
        return catalogue
    }
}

enum AttributesJSON {
    /// The most frequent first.
    static func write(
        _ catalogue: AttributeCatalogue, prefix: String, key: String?, limit: Int
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("sampledSpans", catalogue.spans)
            let keys = catalogue.keys.filter { key == nil ? $0.key.hasPrefix(prefix) : $0.key == key }
                .sorted { ($1.value.spans, $0.key) < ($0.value.spans, $1.key) }
            writer.member("truncated", catalogue.hasMoreKeys || keys.count > limit)
            writer.key("attributes")
            writer.array { writer in
                for (name, found) in keys.prefix(limit) {
                    writer.object { writer in
                        writer.member("key", name)
                        writer.member("spans", found.spans)
                        writer.member("moreValues", found.hasMoreValues)
                        let values = found.values.filter { key == nil || $0.key.hasPrefix(prefix) }
                            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                        writer.key("topValues")
                        writer.array { writer in
                            for (text, count) in values.prefix(key == nil ? 5 : limit) {
                                writer.object { writer in
                                    writer.member("value", text)
                                    writer.member("count", count)
                                }
                            }
                        }
                    }
                }
            }
        }
        return writer.bytes
    }
}
