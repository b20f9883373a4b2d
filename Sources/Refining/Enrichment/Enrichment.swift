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

    /// Nil if there is nothing to add. Of a key that is there twice the first counts. Labels and annotations may hold secrets as
    /// well, so these are taken away here, once.
    init?(_ list: [(key: String, value: String)], without redaction: Redaction?) {
        var attributes: [Attribute] = []
        let refiner = Refiner(RefiningRules(redaction: redaction))
        for (key, value) in list where !attributes.contains(where: { $0.key.elementsEqual(key.utf8) }) {
            guard attributes.count < Self.maximumAttributes else { break }
            var writer = ProtobufWriter()
            writer.message(1) { writer in
                writer.string(1, key)
                writer.message(2) { $0.string(1, value) }
            }
            guard let field = Self.refined(writer.bytes, refiner) else { continue }
            attributes.append(Attribute(key: Array(key.utf8), field: field))
        }
        guard !attributes.isEmpty else { return nil }
        self.attributes = attributes
        var writer = ProtobufWriter()
        writer.bytes(1, attributes.flatMap(\.field))
        all = writer.bytes
    }

    /// A resource's field without the secrets in it; nil if nothing is left.
    private static func refined(_ field: [UInt8], _ refiner: Refiner) -> [UInt8]? {
        var request = ProtobufWriter()
        request.message(1) { $0.bytes(1, field) }
        var output: [UInt8] = []
        guard let outcome = try? refiner.refine(request.bytes.span, .traces, into: &output) else { return nil }
        guard outcome.isChanged else { return field }
        var cursor = FieldCursor(output.span)
        guard let first = try? cursor.next(), var resource = try? cursor.readMessage(first),
            let second = try? resource.next(), let content = try? resource.readBytes(second), !content.isEmpty
        else { return nil }
        return content.withUnsafeBufferPointer { Array($0) }
    }
}
