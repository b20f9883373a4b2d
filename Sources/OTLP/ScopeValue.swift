/// The instrumentation that made the spans. Spans of one ScopeSpans share the storage of one value.
package struct ScopeValue: Sendable, Hashable {
    package var name: String
    package var version: String
    package var attributes: [Attribute]
    package var droppedAttributes: UInt32
    package var schemaURL: String

    package init(
        _ name: String = "", version: String = "", attributes: [Attribute] = [], droppedAttributes: UInt32 = 0,
        schemaURL: String = ""
    ) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
        self.schemaURL = schemaURL
    }
}
