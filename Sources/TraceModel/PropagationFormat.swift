/// A family of headers that carries a context.
public enum PropagationFormat: String, CaseIterable, Sendable {
    /// `x-hms-trace-id`.
    case hms
    /// `traceparent` and `tracestate`.
    case w3c
    /// `b3`, or the `x-b3-…` headers.
    case b3
}

/// Header names, in lower case as HTTP/2 wants them. HTTP/1.1 compares them without regard to case.
public enum PropagationHeader {
    public static let hms = "x-hms-trace-id"
    public static let traceparent = "traceparent"
    public static let tracestate = "tracestate"
    public static let b3 = "b3"
    public static let b3TraceID = "x-b3-traceid"
    public static let b3SpanID = "x-b3-spanid"
    public static let b3ParentSpanID = "x-b3-parentspanid"
    public static let b3Sampled = "x-b3-sampled"
    public static let b3Flags = "x-b3-flags"

    /// Every header this module reads or writes.
    public static let all = [
        hms, traceparent, tracestate, b3, b3TraceID, b3SpanID, b3ParentSpanID, b3Sampled, b3Flags,
    ]
}
