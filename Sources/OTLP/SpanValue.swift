package import TraceModel

/// One span as a value, with its resource and scope at hand. Times are what the sender claims: zero, end before start and
/// the far future all occur.
package struct SpanValue: Sendable, Hashable {
    package var traceID: TraceID
    package var spanID: SpanID
    /// Nil for a root; an all-zero parent on the wire is a root as well.
    package var parentSpanID: SpanID?
    package var traceState: String
    package var flags: UInt32
    package var name: String
    package var kind: SpanKind
    package var startUnixNano: UInt64
    package var endUnixNano: UInt64
    package var attributes: [Attribute]
    package var events: [SpanEvent]
    package var links: [SpanLink]
    package var status: SpanStatus
    package var droppedAttributes: UInt32
    package var droppedEvents: UInt32
    package var droppedLinks: UInt32
    package var resource: ResourceValue
    package var scope: ScopeValue

    package init(
        traceID: TraceID, spanID: SpanID, parentSpanID: SpanID? = nil, name: String = "", kind: SpanKind = .unspecified,
        startUnixNano: UInt64 = 0, endUnixNano: UInt64 = 0, attributes: [Attribute] = [], events: [SpanEvent] = [],
        links: [SpanLink] = [], status: SpanStatus = SpanStatus(), traceState: String = "", flags: UInt32 = 0,
        droppedAttributes: UInt32 = 0, droppedEvents: UInt32 = 0, droppedLinks: UInt32 = 0,
        resource: ResourceValue = ResourceValue(), scope: ScopeValue = ScopeValue()
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentSpanID = parentSpanID
        self.traceState = traceState
        self.flags = flags
        self.name = name
        self.kind = kind
        self.startUnixNano = startUnixNano
        self.endUnixNano = endUnixNano
        self.attributes = attributes
        self.events = events
        self.links = links
        self.status = status
        self.droppedAttributes = droppedAttributes
        self.droppedEvents = droppedEvents
        self.droppedLinks = droppedLinks
        self.resource = resource
        self.scope = scope
    }

    package var serviceName: String { resource.serviceName }

    /// Nanoseconds from start to end; 0 when the end lies before the start.
    package var durationNano: UInt64 { endUnixNano > startUnixNano ? endUnixNano - startUnixNano : 0 }
}
