/// What the headers of one request say.
public struct Extraction: Equatable, Sendable {
    /// nil: a new trace begins.
    public var context: TraceContext?
    /// Contexts of other traces that were named beside the winning one.
    public var links: [TraceContext] = []
    /// To be counted by header and reason.
    public var problems: [PropagationProblem] = []
    /// Which headers named the trace.
    public var source: PropagationFormat?
    /// Whether the caller asked for the new trace to be recorded or not; nil when it left that open or named a trace.
    public var samplingDecision: Bool?

    public init(
        context: TraceContext? = nil, links: [TraceContext] = [], problems: [PropagationProblem] = [],
        source: PropagationFormat? = nil, samplingDecision: Bool? = nil
    ) {
        self.context = context
        self.links = links
        self.problems = problems
        self.source = source
        self.samplingDecision = samplingDecision
    }
}
