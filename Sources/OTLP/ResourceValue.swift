/// What sent the spans: a service, its pod, its host. Spans of one ResourceSpans share the storage of one value.
package struct ResourceValue: Sendable, Hashable {
    package var attributes: [Attribute]
    package var droppedAttributes: UInt32
    package var schemaURL: String

    package init(_ attributes: [Attribute] = [], droppedAttributes: UInt32 = 0, schemaURL: String = "") {
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
        self.schemaURL = schemaURL
    }

    /// The attribute `service.name`; empty when it is missing or not a string.
    package var serviceName: String { attributes["service.name"]?.string ?? "" }
}
