package import TraceModel

/// One span as a value, with its resource and scope at hand. Times are what the sender claims: zero, end before start and
/// the far future all occur.
///
/// A reference that is copied when it is changed while others have it: traces of many thousand spans are put in order, and so
/// go from array to array.
package struct SpanValue: Sendable, Hashable {
    private var fields: SpanFields

    package init(
        traceID: TraceID, spanID: SpanID, parentSpanID: SpanID? = nil, name: String = "", kind: SpanKind = .unspecified,
        startUnixNano: UInt64 = 0, endUnixNano: UInt64 = 0, attributes: [Attribute] = [], events: [SpanEvent] = [],
        links: [SpanLink] = [], status: SpanStatus = SpanStatus(), traceState: String = "", flags: UInt32 = 0,
        droppedAttributes: UInt32 = 0, droppedEvents: UInt32 = 0, droppedLinks: UInt32 = 0,
        resource: ResourceValue = ResourceValue(), scope: ScopeValue = ScopeValue()
    ) {
        fields = SpanFields(traceID, spanID)
        fields.parentSpanID = parentSpanID
        fields.traceState = traceState
        fields.flags = flags
        fields.name = name
        fields.kind = kind
        fields.startUnixNano = startUnixNano
        fields.endUnixNano = endUnixNano
        fields.attributes = attributes
        fields.events = events
        fields.links = links
        fields.status = status
        fields.droppedAttributes = droppedAttributes
        fields.droppedEvents = droppedEvents
        fields.droppedLinks = droppedLinks
        fields.resource = resource
        fields.scope = scope
    }

    package var serviceName: String { fields.resource.serviceName }

    /// Nanoseconds from start to end; 0 when the end lies before the start.
    package var durationNano: UInt64 {
        fields.endUnixNano > fields.startUnixNano ? fields.endUnixNano - fields.startUnixNano : 0
    }

    private mutating func own() { if !isKnownUniquelyReferenced(&fields) { fields = SpanFields(copying: fields) } }

    package static func == (left: SpanValue, right: SpanValue) -> Bool {
        left.fields === right.fields || left.fields.isEqual(to: right.fields)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(traceID)
        hasher.combine(spanID)
        hasher.combine(startUnixNano)
        hasher.combine(endUnixNano)
        hasher.combine(attributes)
    }

    package var traceID: TraceID {
        _read { yield fields.traceID }
        _modify {
            own()
            yield &fields.traceID
        }
    }
    package var spanID: SpanID {
        _read { yield fields.spanID }
        _modify {
            own()
            yield &fields.spanID
        }
    }
    /// Nil for a root; an all-zero parent on the wire is a root as well.
    package var parentSpanID: SpanID? {
        _read { yield fields.parentSpanID }
        _modify {
            own()
            yield &fields.parentSpanID
        }
    }
    package var traceState: String {
        _read { yield fields.traceState }
        _modify {
            own()
            yield &fields.traceState
        }
    }
    package var flags: UInt32 {
        _read { yield fields.flags }
        _modify {
            own()
            yield &fields.flags
        }
    }
    package var name: String {
        _read { yield fields.name }
        _modify {
            own()
            yield &fields.name
        }
    }
    package var kind: SpanKind {
        _read { yield fields.kind }
        _modify {
            own()
            yield &fields.kind
        }
    }
    package var startUnixNano: UInt64 {
        _read { yield fields.startUnixNano }
        _modify {
            own()
            yield &fields.startUnixNano
        }
    }
    package var endUnixNano: UInt64 {
        _read { yield fields.endUnixNano }
        _modify {
            own()
            yield &fields.endUnixNano
        }
    }
    package var attributes: [Attribute] {
        _read { yield fields.attributes }
        _modify {
            own()
            yield &fields.attributes
        }
    }
    package var events: [SpanEvent] {
        _read { yield fields.events }
        _modify {
            own()
            yield &fields.events
        }
    }
    package var links: [SpanLink] {
        _read { yield fields.links }
        _modify {
            own()
            yield &fields.links
        }
    }
    package var status: SpanStatus {
        _read { yield fields.status }
        _modify {
            own()
            yield &fields.status
        }
    }
    package var droppedAttributes: UInt32 {
        _read { yield fields.droppedAttributes }
        _modify {
            own()
            yield &fields.droppedAttributes
        }
    }
    package var droppedEvents: UInt32 {
        _read { yield fields.droppedEvents }
        _modify {
            own()
            yield &fields.droppedEvents
        }
    }
    package var droppedLinks: UInt32 {
        _read { yield fields.droppedLinks }
        _modify {
            own()
            yield &fields.droppedLinks
        }
    }
    package var resource: ResourceValue {
        _read { yield fields.resource }
        _modify {
            own()
            yield &fields.resource
        }
    }
    package var scope: ScopeValue {
        _read { yield fields.scope }
        _modify {
            own()
            yield &fields.scope
        }
    }
}

/// What a `SpanValue` holds. Unchecked because the compiler cannot see that only who holds the sole reference changes it; nor need
/// accesses be checked while it runs, for the same reason.
private final class SpanFields: @unchecked Sendable {
    @exclusivity(unchecked) var traceID: TraceID
    @exclusivity(unchecked) var spanID: SpanID
    @exclusivity(unchecked) var parentSpanID: SpanID?
    @exclusivity(unchecked) var traceState: String = ""
    @exclusivity(unchecked) var flags: UInt32 = 0
    @exclusivity(unchecked) var name: String = ""
    @exclusivity(unchecked) var kind = SpanKind.unspecified
    @exclusivity(unchecked) var startUnixNano: UInt64 = 0
    @exclusivity(unchecked) var endUnixNano: UInt64 = 0
    @exclusivity(unchecked) var attributes: [Attribute] = []
    @exclusivity(unchecked) var events: [SpanEvent] = []
    @exclusivity(unchecked) var links: [SpanLink] = []
    @exclusivity(unchecked) var status = SpanStatus()
    @exclusivity(unchecked) var droppedAttributes: UInt32 = 0
    @exclusivity(unchecked) var droppedEvents: UInt32 = 0
    @exclusivity(unchecked) var droppedLinks: UInt32 = 0
    @exclusivity(unchecked) var resource = ResourceValue()
    @exclusivity(unchecked) var scope = ScopeValue()

    init(_ traceID: TraceID, _ spanID: SpanID) { (self.traceID, self.spanID) = (traceID, spanID) }

    convenience init(copying other: SpanFields) {
        self.init(other.traceID, other.spanID)
        parentSpanID = other.parentSpanID
        traceState = other.traceState
        flags = other.flags
        name = other.name
        kind = other.kind
        startUnixNano = other.startUnixNano
        endUnixNano = other.endUnixNano
        attributes = other.attributes
        events = other.events
        links = other.links
        status = other.status
        droppedAttributes = other.droppedAttributes
        droppedEvents = other.droppedEvents
        droppedLinks = other.droppedLinks
        resource = other.resource
        scope = other.scope
    }

    func isEqual(to other: SpanFields) -> Bool {
        traceID == other.traceID
            && spanID == other.spanID
            && parentSpanID == other.parentSpanID
            && traceState == other.traceState
            && flags == other.flags
            && name == other.name
            && kind == other.kind
            && startUnixNano == other.startUnixNano
            && endUnixNano == other.endUnixNano
            && attributes == other.attributes
            && events == other.events
            && links == other.links
            && status == other.status
            && droppedAttributes == other.droppedAttributes
            && droppedEvents == other.droppedEvents
            && droppedLinks == other.droppedLinks
            && resource == other.resource
            && scope == other.scope
    }
}
