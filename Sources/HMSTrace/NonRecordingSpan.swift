/// Stands where nothing is recorded: the trace is not sampled, or there is no tracer. Passes the context on.
final class NonRecordingSpan: Span {
    private let inherited: ServiceContext

    init(context: ServiceContext) { inherited = context }

    var context: ServiceContext {
        var context = inherited
        context.links = []
        context.span = self
        return context
    }
    var operationName: String {
        get { "" }
        set {}
    }
    var attributes: SpanAttributes {
        get { [:] }
        set {}
    }
    var isRecording: Bool { false }
    func setStatus(_ status: SpanStatus) {}
    func addEvent(_ event: SpanEvent) {}
    func addLink(_ link: SpanLink) {}
    func recordError(_ error: any Error, attributes: SpanAttributes, at time: SpanInstant) {}
    func end(at time: SpanInstant) {}
    func end() {}
}
