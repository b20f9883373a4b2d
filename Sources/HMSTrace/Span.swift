public import TraceModel

/// One timed operation within a trace. All members may be used from any thread or task; after `end()` they do nothing.
public protocol Span: AnyObject, Sendable {
    /// What to hand to operations that are part of this one.
    var context: ServiceContext { get }
    /// What the operation is called; few different names, such as `GET /claims/{id}`.
    var operationName: String { get set }
    var attributes: SpanAttributes { get set }
    /// False when nothing set here will be kept, so that costly attributes can be left out.
    var isRecording: Bool { get }

    func setStatus(_ status: SpanStatus)
    func addEvent(_ event: SpanEvent)
    func addLink(_ link: SpanLink)
    /// Adds an `exception` event. The status stays; `withSpan` sets it by itself when its operation throws.
    func recordError(_ error: any Error, attributes: SpanAttributes, at time: SpanInstant)
    /// Ends the operation and hands it over for sending. Only the first call counts.
    func end(at time: SpanInstant)
    /// Ends the operation now.
    func end()
}

extension Span {
    /// Sets one attribute in one step, which `attributes[key] = value` from several tasks at once is not.
    public func setAttribute(_ key: String, _ value: some SpanAttributeConvertible) {
        update { $0[key] = value.spanAttribute }
    }

    public func addEvent(_ name: String, attributes: SpanAttributes = [:]) {
        addEvent(SpanEvent(name: name, attributes: attributes))
    }

    public func addLink(_ context: TraceContext, attributes: SpanAttributes = [:]) {
        addLink(SpanLink(context: context, attributes: attributes))
    }

    public func recordError(_ error: any Error, attributes: SpanAttributes = [:]) {
        recordError(error, attributes: attributes, at: .now)
    }

    private func update(_ change: (inout SpanAttributes) -> Void) {
        if let span = self as? RecordingSpan {
            span.updateAttributes(change)
        } else if isRecording {
            var changed = attributes
            change(&changed)
            attributes = changed
        }
    }
}

public enum SpanKind: UInt64, Sendable, CaseIterable {
    // Numbered as OTLP does.
    case `internal` = 1
    case server, client, producer, consumer
}

public struct SpanStatus: Sendable, Equatable {
    public enum Code: UInt64, Sendable {
        case ok = 1
        case error
    }
    public var code: Code
    public var message: String?

    public init(code: Code, message: String? = nil) {
        self.code = code
        self.message = message
    }
}

/// Something that happened at one moment of a span.
public struct SpanEvent: Sendable, Equatable {
    public var name: String
    public var attributes: SpanAttributes
    public var time: SpanInstant

    public init(name: String, at time: SpanInstant = .now, attributes: SpanAttributes = [:]) {
        self.name = name
        self.attributes = attributes
        self.time = time
    }
}

/// Another span, of this or another trace, that this one has to do with.
public struct SpanLink: Sendable, Equatable {
    public var context: TraceContext
    public var attributes: SpanAttributes

    public init(context: TraceContext, attributes: SpanAttributes = [:]) {
        self.context = context
        self.attributes = attributes
    }
}
