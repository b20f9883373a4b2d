package import QueryLanguage
package import SegmentStore

/// What the index of a segment tells about a query on single spans, frame by frame.
package struct FrameSieve: Sendable {
    private let plan: SearchPlan

    package init(_ expression: QueryExpression) { plan = SearchPlan(expression, started: 0 ... .max) }

    /// Frames that may hold a span that satisfies the query, and those of which all spans certainly do.
    package func frames(of view: SegmentView) -> (some: FrameSet, all: FrameSet) {
        plan.likelihood(in: view, tokens: plan.tokens(in: view))
    }
}
