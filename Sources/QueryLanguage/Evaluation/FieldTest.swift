import OTLP
import TraceModel

/// What the values of one field have to satisfy together.
enum FieldTest {
    case exists
    /// One at least does.
    case some(ValueTest)
    /// There is the field, and none of its values does.
    case none(ValueTest)

    /// Of a condition on one field.
    init(_ condition: QueryExpression) {
        switch condition {
        case .comparison(_, let comparison, let value):
            let test = ValueTest(comparison, value)
            self = comparison == .notEqual ? .none(test) : .some(test)
        case .matches(_, let pattern): self = .some(.pattern(pattern))
        case .isIn(_, let values): self = .some(ValueTest(oneOf: values))
        case .range(_, let first, let last): self = .some(ValueTest(from: first, to: last))
        case .exists: self = .exists
        case .everything, .and, .or, .not, .related:
            preconditionFailure("FieldTest: '\(condition)' is no condition on one field")
        }
    }

    /// For the property `exists` of a field and the question whether some value of it satisfies a test.
    func holds(exists: () -> Bool, contains: (ValueTest) -> Bool) -> Bool {
        switch self {
        case .exists: exists()
        case .some(let test): contains(test)
        case .none(let test): exists() && !contains(test)
        }
    }

    /// Of a field that has exactly one value, of which it is known in what it lies.
    func holds(_ numbers: ClosedRange<UInt64>) -> Bool? {
        switch self {
        case .exists: true
        case .some(let test): test.holds(numbers)
        case .none(let test): test.holds(numbers).map { !$0 }
        }
    }

    /// Of a field with one text; an empty one is no value.
    func holds(_ text: String) -> Bool {
        holds(exists: { !text.isEmpty }, contains: { !text.isEmpty && $0.holds(.string(text)) })
    }

    func holds(_ search: AttributeSearch, in span: SpanValue) -> Bool {
        holds(
            exists: { search.exists(in: span) },
            contains: { test in search.contains(in: span) { test.holds($0) } })
    }

    func holds(_ property: SpanProperty, of span: SpanValue) -> Bool {
        switch property {
        case .name: holds(span.name)
        case .kind: holds(span.kind.description)
        case .status: holds(span.status.code.queryWord)
        case .statusMessage: holds(span.status.message)
        case .duration: holds(span.durationNano...span.durationNano) ?? false
        case .start: holds(span.startUnixNano...span.startUnixNano) ?? false
        case .end: holds(span.endUnixNano...span.endUnixNano) ?? false
        case .traceID: holds(span.traceID.description)
        case .spanID: holds(span.spanID.description)
        case .parentID:
            holds(span.parentSpanID.map { $0.isZero ? "" : $0.description } ?? "")
        case .service: holds(span.serviceName)
        case .scopeName: holds(span.scope.name)
        case .scopeVersion: holds(span.scope.version)
        case .eventName:
            holds(
                exists: { !span.events.isEmpty },
                contains: { test in span.events.contains { test.holds(.string($0.name)) } })
        case .linkTraceID:
            holds(
                exists: { !span.links.isEmpty },
                contains: { test in span.links.contains { test.holds(.string($0.traceID.description)) } })
        case .linkSpanID:
            holds(
                exists: { !span.links.isEmpty },
                contains: { test in span.links.contains { test.holds(.string($0.spanID.description)) } })
        }
    }
}

extension SpanProperty {
    /// Whether every span has it, so that it is there even in a span that did not arrive.
    var isAlwaysThere: Bool {
        switch self {
        case .kind, .status, .duration, .start, .end, .traceID, .spanID: true
        default: false
        }
    }
}

extension SpanStatus.Code {
    /// How queries name it.
    package var queryWord: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }
}
