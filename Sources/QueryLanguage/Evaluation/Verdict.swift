package import TraceModel

/// Whether a span satisfies a query, as far as the spans that arrived can tell.
package enum Verdict: Sendable, Hashable {
    case yes
    case no
    /// It depends on a span that did not arrive. Where it depends on several, the one with the smallest id is named.
    case unknown(because: SpanID)
}

/// Whether a trace is found by a query.
package enum TraceVerdict: Sendable, Hashable {
    /// The indices of the nodes that satisfy the query, in the trace's order; one at least.
    case yes(matching: [Int])
    case no
    case unknown(because: SpanID)
}
