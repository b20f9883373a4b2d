/// What a condition looks at.
package enum QueryField: Sendable, Hashable {
    case span(SpanProperty)
    case attribute(AttributeScope, key: String)
    /// A property of the trace that the span belongs to.
    case trace(TraceProperty)
}

/// Where an attribute stands.
package enum AttributeScope: Sendable, Hashable, CaseIterable {
    /// In any of the other places.
    case any
    case span
    case resource
    case scope
    case event
    case link
}

/// What every span has, apart from attributes.
package enum SpanProperty: Sendable, Hashable, CaseIterable {
    case name
    /// Text: see `SpanKind.description`.
    case kind
    /// Text: `unset`, `ok` or `error`.
    case status
    case statusMessage
    /// Nanoseconds.
    case duration
    /// Unix nanoseconds, as the sender claims.
    case start
    /// Unix nanoseconds, as the sender claims.
    case end
    /// 32 lower-case hexadecimal digits.
    case traceID
    /// 16 lower-case hexadecimal digits.
    case spanID
    case parentID
    /// The resource's first `service.name`, where it is a string.
    case service
    case scopeName
    case scopeVersion
    /// One for each event.
    case eventName
    /// One for each link.
    case linkTraceID
    case linkSpanID
}

/// What is known about the whole trace.
package enum TraceProperty: Sendable, Hashable, CaseIterable {
    /// Nanoseconds from the first start to the last end.
    case duration
    /// Distinct spans.
    case spanCount
    /// Distinct names of services that are not empty.
    case serviceCount
    /// Spans with the status `error`.
    case errorCount
    /// The name of the earliest root.
    case rootName
    case rootService
    case hasError
    /// Unix nanoseconds of the first start.
    case start
}
