import Synchronization
import TraceModel

/// Begins spans and sends those that have ended. Most services use the one behind `HMSTrace.bootstrap`.
///
/// Nothing here blocks or throws: ended spans go into a bounded queue that a thread of the tracer empties.
public final class Tracer: Sendable {
    let exporter: SpanExporter?
    let propagator: Propagator
    private let sampling: Sampling
    private let headerProblems = Mutex<[PropagationProblem: UInt64]>([:])

    public convenience init(_ options: TracerOptions) {
        self.init(options, largeMessages: nil)
    }

    init(_ options: TracerOptions, largeMessages: (any LargeMessageSender)?) {
        sampling = options.sampling
        propagator = options.propagator
        exporter = SpanExporter(options: options, largeMessages: largeMessages)
    }

    /// Records nothing and passes contexts on.
    private init() {
        sampling = .never
        propagator = Propagator()
        exporter = nil
    }

    static let disabled = Tracer()

    deinit { exporter?.stop() }

    // MARK: Spans

    /// Begins a span that the caller must end. `withSpan` is easier to get right.
    public func startSpan(
        _ operationName: String, context: @autoclosure () -> ServiceContext = .current ?? .topLevel,
        ofKind kind: SpanKind = .internal, at start: SpanInstant? = nil
    ) -> any Span {
        let context = context()
        guard exporter != nil else { return NonRecordingSpan(context: context) }
        var trace: TraceContext
        if let given = context.trace {
            trace = given
        } else {
            trace = TraceContext(traceID: .random(), spanID: nil)
            trace.flags = context.samplingDecision ?? sampling.records(trace.traceID) ? .sampled : []
        }
        let parent = trace.spanID
        guard trace.isSampled else {
            // Below an unsampled parent its own context goes on; a new trace needs a span to be named by.
            if trace.spanID == nil { trace.spanID = .random() }
            return NonRecordingSpan(context: ServiceContext(trace: trace))
        }
        trace.spanID = .random()
        let now = SpanInstant.now
        var facts = SpanFacts(name: operationName, kind: kind, parent: parent, start: start ?? now)
        for link in context.links { facts.add(SpanLink(context: link)) }
        return RecordingSpan(tracer: self, trace: trace, facts: facts, createdAt: now)
    }

    /// Runs `operation` as a span. What it throws is recorded as an event, makes the span an error, and is thrown on.
    public func withSpan<Result>(
        _ operationName: String, context: @autoclosure () -> ServiceContext = .current ?? .topLevel,
        ofKind kind: SpanKind = .internal, _ operation: (any Span) throws -> Result
    ) rethrows -> Result {
        let span = startSpan(operationName, context: context(), ofKind: kind)
        defer { span.end() }
        do {
            return try ServiceContext.withValue(span.context) { try operation(span) }
        } catch {
            span.fail(with: error)
            throw error
        }
    }

    /// The same for asynchronous operations. Child tasks begin below this span.
    public func withSpan<Result>(
        _ operationName: String, context: @autoclosure () -> ServiceContext = .current ?? .topLevel,
        ofKind kind: SpanKind = .internal, isolation: isolated (any Actor)? = #isolation,
        _ operation: (any Span) async throws -> Result
    ) async rethrows -> Result {
        let span = startSpan(operationName, context: context(), ofKind: kind)
        defer { span.end() }
        do {
            return try await ServiceContext.withValue(span.context) { try await operation(span) }
        } catch {
            span.fail(with: error)
            throw error
        }
    }

    // MARK: Contexts across processes

    /// Writes the context's headers into a carrier; nothing when it names no trace.
    public func inject<Carrier>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: some Injector<Carrier>
    ) {
        inject(context) { injector.inject($1, forKey: $0, into: &carrier) }
    }

    /// Hands over each header to set.
    public func inject(_ context: ServiceContext, into set: (_ name: String, _ value: String) -> Void) {
        guard let trace = context.trace else { return }
        propagator.inject(trace, into: set)
    }

    /// Reads the headers of a request into a context. Bad ones are counted and otherwise ignored.
    public func extract<Carrier>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: some Extractor<Carrier>
    ) {
        context = extract { extractor.extractAll(key: $0, from: carrier) }
    }

    /// `values` is asked for all values of a header by its lower-case name.
    public func extract(_ values: (String) -> [String]) -> ServiceContext {
        let extraction = propagator.extract(values)
        if !extraction.problems.isEmpty {
            headerProblems.withLock { counts in
                for problem in extraction.problems { counts[problem, default: 0] += 1 }
            }
        }
        return ServiceContext(
            trace: extraction.context, links: extraction.links, samplingDecision: extraction.samplingDecision)
    }

    // MARK: The end

    public var statistics: TracerStatistics {
        var statistics = exporter?.statistics ?? TracerStatistics()
        for (problem, count) in headerProblems.withLock({ $0 }) {
            statistics.headerProblems[problem.description] = count
        }
        return statistics
    }

    /// Waits until every span ended before this call has been sent or dropped; false when `timeout` came first.
    @discardableResult
    public func flush(timeout: Duration = .seconds(1)) -> Bool { exporter?.flush(timeout: timeout) ?? true }

    /// Sends what is queued, waiting at most `timeout`, and takes nothing more.
    @discardableResult
    public func shutdown(timeout: Duration = .seconds(1)) -> Bool { exporter?.shutdown(timeout: timeout) ?? true }
}

extension Span {
    func fail(with error: any Error) {
        guard let span = self as? RecordingSpan else { return }
        span.recordError(error)
        span.setStatusIfUnset(SpanStatus(code: .error, message: "\(error)"))
    }
}
