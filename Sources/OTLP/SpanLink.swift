package import TraceModel

/// Points from a span to another one, of the same trace or of another.
package struct SpanLink: Sendable, Hashable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var traceState: String
    package var flags: UInt32
    package var attributes: [Attribute]
    package var droppedAttributes: UInt32

    package init(
        traceID: TraceID, spanID: SpanID, traceState: String = "", flags: UInt32 = 0, attributes: [Attribute] = [],
        droppedAttributes: UInt32 = 0
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.flags = flags
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
    }
}
