import WireFormat

/// Attributes for each resource that does not have them already.
struct Enrichment: Sendable {
    struct Attribute: Sendable {
        let key: [UInt8]
        /// As a field of a Resource, tag and length included.
        let field: [UInt8]
    }

    static let maximumAttributes = 64

    let attributes: [Attribute]
    /// All of them, as a field `resource` of a ResourceSpans, ResourceMetrics or ResourceLogs.
    let all: [UInt8]

    /// Nil if there is nothing to add. Of a key that is there twice the first counts.
    init?(_ list: [(key: String, value: String)]) {
        var attributes: [Attribute] = []
        for (key, value) in list where !attributes.contains(where: { $0.key.elementsEqual(key.utf8) }) {
            guard attributes.count < Self.maximumAttributes else { break }
            var writer = ProtobufWriter()
            writer.message(1) { writer in
                writer.string(1, key)
                writer.message(2) { $0.string(1, value) }
            }
            attributes.append(Attribute(key: Array(key.utf8), field: writer.bytes))
        }
        guard !attributes.isEmpty else { return nil }
        self.attributes = attributes
        var writer = ProtobufWriter()
        writer.bytes(1, attributes.flatMap(\.field))
        all = writer.bytes
    }
}
