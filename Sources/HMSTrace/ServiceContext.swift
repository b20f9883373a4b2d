public import TraceModel

/// Where an operation stands: in which trace and below which span. Travels along with the task.
public struct ServiceContext: Sendable {
    /// The trace and the span that is the parent of what begins here; nil when a new trace is to begin.
    public var trace: TraceContext?
    /// Other traces that were named on the way here. The next span takes them as its links.
    public var links: [TraceContext]
    /// What a caller that named no trace asked for; nil when it left that open.
    public var samplingDecision: Bool?
    /// The span itself, when it lives in this process.
    public internal(set) var span: (any Span)?

    public init(trace: TraceContext? = nil, links: [TraceContext] = [], samplingDecision: Bool? = nil) {
        self.trace = trace
        self.links = links
        self.samplingDecision = samplingDecision
    }

    /// The context of the task, which child tasks inherit; nil outside of any.
    @TaskLocal public static var current: ServiceContext?

    /// Outside of any trace.
    public static var topLevel: ServiceContext { ServiceContext() }

    /// Runs `operation` with `context` as the current one.
    public static func withValue<Result>(
        _ context: ServiceContext?, operation: () throws -> Result
    ) rethrows -> Result {
        try $current.withValue(context, operation: operation)
    }

    public static func withValue<Result>(
        _ context: ServiceContext?, isolation: isolated (any Actor)? = #isolation, operation: () async throws -> Result
    ) async rethrows -> Result {
        try await $current.withValue(context, operation: operation)
    }
}
