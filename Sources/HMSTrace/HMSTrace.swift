import Glibc
import Synchronization
public import TraceModel

/// Tracing for a service: call `bootstrap` once at the start, then `withSpan` around what matters.
///
///     HMSTrace.bootstrap(service: "eligibility")
///     let plan = try await withSpan("load plan", ofKind: .client) { span in
///         span.attributes["db.system"] = "postgresql"
///         return try await database.plan(of: member)
///     }
public enum HMSTrace {
    /// The library's version, sent along as that of the instrumentation scope.
    public static let version = "0.1.0"

    /// The environment's `HMS_TRACE_SIDECAR`, else the sidecar's default address.
    public static var defaultSidecar: String {
        guard let value = getenv("HMS_TRACE_SIDECAR") else { return "127.0.0.1:4317" }
        return String(cString: value)
    }

    private static let global = Mutex<Tracer>(.disabled)
    private static let exitHook = Mutex(false)

    /// Begins tracing in this process. Before it, and when `sidecar` is `off`, spans cost next to nothing and contexts are
    /// passed on. A second call replaces the tracer. Spans that are queued when the process exits are still sent.
    public static func bootstrap(
        service: String, sidecar: String = HMSTrace.defaultSidecar, resourceAttributes: SpanAttributes = [:],
        sampling: Sampling = .always, propagator: Propagator = Propagator()
    ) {
        var options = TracerOptions(service: service, sidecar: sidecar, resourceAttributes: resourceAttributes)
        options.sampling = sampling
        options.propagator = propagator
        bootstrap(sidecar == "off" ? .disabled : Tracer(options))
    }

    /// Begins tracing with a tracer of one's own.
    public static func bootstrap(_ tracer: Tracer) {
        let previous = global.withLock { global in
            defer { global = tracer }
            return global
        }
        previous.shutdown()
        let isFirst = exitHook.withLock { isSet in
            defer { isSet = true }
            return !isSet
        }
        if isFirst { atexit { HMSTrace.shutdown() } }
    }

    /// The tracer that the functions of this module use.
    public static var tracer: Tracer { global.withLock { $0 } }

    /// The innermost span of the current task, when it is of this process.
    public static var currentSpan: (any Span)? { ServiceContext.current?.span }

    public static var statistics: TracerStatistics { tracer.statistics }

    /// Waits until what has ended is sent or dropped; false when `timeout` came first.
    @discardableResult
    public static func flush(timeout: Duration = .seconds(1)) -> Bool { tracer.flush(timeout: timeout) }

    /// Sends what is queued, waiting at most `timeout`. Happens by itself when the process exits through `exit` or `main`.
    @discardableResult
    public static func shutdown(timeout: Duration = .seconds(1)) -> Bool { tracer.shutdown(timeout: timeout) }

    /// Writes the context's headers, by default those of the current span, into a carrier.
    public static func inject<Carrier>(
        _ context: ServiceContext = .current ?? .topLevel, into carrier: inout Carrier,
        using injector: some Injector<Carrier>
    ) {
        tracer.inject(context, into: &carrier, using: injector)
    }

    /// Hands over each header to set, for the current span by default.
    public static func inject(
        _ context: ServiceContext = .current ?? .topLevel, into set: (_ name: String, _ value: String) -> Void
    ) {
        tracer.inject(context, into: set)
    }

    /// Reads a request's headers into a context to begin the server's span with.
    public static func extract<Carrier>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: some Extractor<Carrier>
    ) {
        tracer.extract(carrier, into: &context, using: extractor)
    }

    /// The same from a closure that answers all values of a header by its lower-case name.
    public static func extract(_ values: (String) -> [String]) -> ServiceContext { tracer.extract(values) }
}

/// Begins a span that the caller must end.
public func startSpan(
    _ operationName: String, context: @autoclosure () -> ServiceContext = .current ?? .topLevel,
    ofKind kind: SpanKind = .internal, at start: SpanInstant? = nil
) -> any Span {
    HMSTrace.tracer.startSpan(operationName, context: context(), ofKind: kind, at: start)
}

/// Runs `operation` as a span below the current one. What it throws is recorded, makes the span an error, and is thrown on.
public func withSpan<Result>(
    _ operationName: String, context: @autoclosure () -> ServiceContext = .current ?? .topLevel,
    ofKind kind: SpanKind = .internal, _ operation: (any Span) throws -> Result
) rethrows -> Result {
    try HMSTrace.tracer.withSpan(operationName, context: context(), ofKind: kind, operation)
}

/// The same for asynchronous operations. Child tasks begin below this span.
public func withSpan<Result>(
    _ operationName: String, context: @autoclosure () -> ServiceContext = .current ?? .topLevel,
    ofKind kind: SpanKind = .internal, isolation: isolated (any Actor)? = #isolation,
    _ operation: (any Span) async throws -> Result
) async rethrows -> Result {
    try await HMSTrace.tracer.withSpan(operationName, context: context(), ofKind: kind, operation)
}
