public import TraceModel

/// Which of the traces that begin here are recorded. A context from outside keeps its own flag.
public enum Sampling: Sendable, Equatable {
    case always
    case never
    /// This share of all traces, decided by the trace id, so that services with the same share agree.
    case ratio(Double)

    func records(_ traceID: TraceID) -> Bool {
        switch self {
        case .always: true
        case .never: false
        // The lower 53 bits as a fraction of one, which a Double holds exactly.
        case .ratio(let share): Double(traceID.low & (1 << 53 - 1)) < share * Double(1 << 53)
        }
    }
}

/// How a tracer behaves. The defaults suit a service beside its sidecar.
public struct TracerOptions: Sendable {
    /// `service.name` of every span.
    public var service: String
    /// The sidecar's native address: datagrams go to its UDP port, larger messages to the TCP port of the same number.
    public var sidecar: String
    /// A file with the key that the sidecar asks for at its TCP doors (`keys.file`); datagrams need none.
    public var keyFile: String?
    /// Further resource attributes, such as `service.version`.
    public var resourceAttributes: SpanAttributes
    public var sampling = Sampling.always
    public var propagator = Propagator()
    /// Encoded spans that may wait or be on their way; what comes on top is dropped and counted.
    public var maximumQueuedBytes = 4 << 20
    /// How long a span waits for company.
    public var maximumDelay: Duration = .milliseconds(50)
    /// Queued bytes that are sent without waiting longer.
    public var sendThreshold = 1_200

    public init(service: String, sidecar: String = HMSTrace.defaultSidecar, resourceAttributes: SpanAttributes = [:]) {
        self.service = service
        self.sidecar = sidecar
        self.resourceAttributes = resourceAttributes
    }
}
