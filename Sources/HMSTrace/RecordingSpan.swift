import Synchronization
import TraceModel

/// A span whose trace is sampled. Its facts are kept until it ends; then they are encoded once and queued.
final class RecordingSpan: Span {
    private let tracer: Tracer
    private let facts: Mutex<SpanFacts?>
    private let trace: TraceContext
    private let startedAt: SpanInstant
    /// When the span was made, which is not when it started if that was given; and the same by the clock that never jumps.
    private let createdAt: SpanInstant
    private let createdMonotonic = monotonicNanoseconds()

    init(tracer: Tracer, trace: TraceContext, facts: SpanFacts, createdAt: SpanInstant) {
        self.tracer = tracer
        self.trace = trace
        self.startedAt = facts.start
        self.createdAt = createdAt
        self.facts = Mutex(facts)
    }

    deinit {
        if facts.withLock({ $0 != nil }) { tracer.exporter?.countAbandoned() }
    }

    var context: ServiceContext {
        var context = ServiceContext(trace: trace)
        context.span = self
        return context
    }

    var operationName: String {
        get { facts.withLock { $0?.name ?? "" } }
        set { facts.withLock { $0?.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { facts.withLock { $0?.attributes ?? [:] } }
        set { facts.withLock { $0?.attributes = newValue } }
    }

    func updateAttributes(_ change: (inout SpanAttributes) -> Void) {
        facts.withLock { facts in
            guard facts != nil else { return }
            change(&facts!.attributes)  // just seen not to be nil, under the same lock
        }
    }

    var isRecording: Bool { facts.withLock { $0 != nil } }

    func setStatus(_ status: SpanStatus) { facts.withLock { $0?.status = status } }

    /// What a thrown error does: a status that the operation set itself stays.
    func setStatusIfUnset(_ status: SpanStatus) {
        facts.withLock { facts in
            if facts?.status == nil { facts?.status = status }
        }
    }

    func addEvent(_ event: SpanEvent) { facts.withLock { $0?.add(event) } }

    func addLink(_ link: SpanLink) { facts.withLock { $0?.add(link) } }

    func recordError(_ error: any Error, attributes: SpanAttributes, at time: SpanInstant) {
        guard isRecording else { return }
        var all: SpanAttributes = [
            "exception.type": .string(String(reflecting: type(of: error))), "exception.message": .string("\(error)"),
        ]
        all.merge(attributes)
        addEvent(SpanEvent(name: "exception", at: time, attributes: all))
    }

    /// The end that says "now": measured from the span's creation by the clock that never jumps.
    func end() {
        let elapsed = monotonicNanoseconds() &- createdMonotonic
        end(at: SpanInstant(nanosecondsSinceEpoch: createdAt.nanosecondsSinceEpoch &+ elapsed))
    }

    func end(at time: SpanInstant) { finish(at: max(time, startedAt)) }

    private func finish(at time: SpanInstant) {
        let ended = facts.withLock { facts -> SpanFacts? in
            defer { facts = nil }
            return facts
        }
        guard let ended else { return }
        tracer.exporter?.enqueue(SpanEncoder.encode(ended, trace: trace, end: time))
    }
}

/// What a span knows about itself.
struct SpanFacts: Sendable {
    static let maximumEvents = 128
    static let maximumLinks = 128

    var name: String
    var kind: SpanKind
    var parent: SpanID?
    var start: SpanInstant
    var attributes = SpanAttributes()
    var events: [SpanEvent] = []
    var droppedEvents: UInt64 = 0
    var links: [SpanLink] = []
    var droppedLinks: UInt64 = 0
    var status: SpanStatus?

    mutating func add(_ event: SpanEvent) {
        if events.count < Self.maximumEvents { events.append(event) } else { droppedEvents += 1 }
    }

    mutating func add(_ link: SpanLink) {
        if links.count < Self.maximumLinks { links.append(link) } else { droppedLinks += 1 }
    }
}
