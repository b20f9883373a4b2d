/// Something that happened at one moment of a span.
package struct SpanEvent: Sendable, Hashable {
    package var timeUnixNano: UInt64
    package var name: String
    package var attributes: [Attribute]
    package var droppedAttributes: UInt32

    package init(_ name: String, at timeUnixNano: UInt64, attributes: [Attribute] = [], droppedAttributes: UInt32 = 0) {
        self.name = name
        self.timeUnixNano = timeUnixNano
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }
}
