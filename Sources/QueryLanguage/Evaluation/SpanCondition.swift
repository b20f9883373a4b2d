import OTLP
import TraceModel

/// What is asked of one span by itself: neither of spans that it is related to nor of its trace.
package struct SpanCondition: Sendable {
    indirect enum Step: Sendable {
        case everything
        case and([Step])
        case or([Step])
        case not(Step)
        /// Index into `leaves`.
        case leaf(Int)
    }
    enum Leaf: Sendable {
        case property(SpanProperty, FieldTest)
        case attribute(AttributeSearch, FieldTest)
    }
    /// Of whom a condition is asked where no span arrived.
    enum Absent {
        /// Others name it: its id is known, and its place among the missing.
        case missing(SpanID, place: Int)
        /// Some span of which nothing arrived, not even its id.
        case unheardOf

        var unknown: Answer {
            if case .missing(_, let place) = self { .unknown(place) } else { .unknown(0) }
        }
    }

    private(set) var top = Step.everything
    private(set) var leaves: [Leaf] = []

    init(_ expression: QueryExpression) { top = step(expression) }

    /// Whether a query asks nothing but of one span by itself.
    static func isEnough(for expression: QueryExpression) -> Bool {
        switch expression {
        case .everything: true
        case .and(let members), .or(let members): members.allSatisfy(isEnough)
        case .not(let inner): isEnough(for: inner)
        case .related: false
        case .comparison(let field, _, _), .matches(let field, _), .isIn(let field, _), .range(let field, _, _),
            .exists(let field):
            if case .trace = field { false } else { true }
        }
    }

    private mutating func step(_ expression: QueryExpression) -> Step {
        switch expression {
        case .everything: return .everything
        case .and(let members): return .and(steps(members))
        case .or(let members): return .or(steps(members))
        case .not(let inner): return .not(step(inner))
        case .comparison(let field, _, _), .matches(let field, _), .isIn(let field, _), .range(let field, _, _),
            .exists(let field):
            let test = FieldTest(expression)
            switch field {
            case .span(let property): leaves.append(.property(property, test))
            case .attribute(let scope, let key): leaves.append(.attribute(AttributeSearch(scope, key), test))
            case .trace: preconditionFailure("SpanCondition: '\(expression)' asks of the trace")
            }
            return .leaf(leaves.count - 1)
        case .related: preconditionFailure("SpanCondition: '\(expression)' asks of other spans")
        }
    }

    private mutating func steps(_ members: [QueryExpression]) -> [Step] {
        var steps: [Step] = []
        for member in members { steps.append(step(member)) }
        return steps
    }

    // MARK: Spans

    func holds(_ span: SpanValue) -> Bool { holds(top, span) }

    private func holds(_ step: Step, _ span: SpanValue) -> Bool {
        switch step {
        case .everything: true
        case .and(let members): members.allSatisfy { holds($0, span) }
        case .or(let members): members.contains { holds($0, span) }
        case .not(let inner): !holds(inner, span)
        case .leaf(let number):
            switch leaves[number] {
            case .property(let property, let test): test.holds(property, of: span)
            case .attribute(let search, let test): test.holds(search, in: span)
            }
        }
    }

    /// Of a span of which it is known what each leaf says.
    @inline(__always)
    func holds(leaf: (Int) -> Bool) -> Bool {
        if case .leaf(let number) = top { leaf(number) } else { holds(top, leaf) }
    }

    private func holds(_ step: Step, _ leaf: (Int) -> Bool) -> Bool {
        switch step {
        case .everything: true
        case .and(let members): members.allSatisfy { holds($0, leaf) }
        case .or(let members): members.contains { holds($0, leaf) }
        case .not(let inner): !holds(inner, leaf)
        case .leaf(let number): leaf(number)
        }
    }

    // MARK: Spans that did not arrive

    func answer(of absent: Absent, in trace: TraceID) -> Answer { answer(top, absent, trace) }

    private func answer(_ step: Step, _ absent: Absent, _ trace: TraceID) -> Answer {
        switch step {
        case .everything: return .yes
        case .and(let members): return members.reduce(.yes) { $0 && answer($1, absent, trace) }
        case .or(let members): return members.reduce(.no) { $0 || answer($1, absent, trace) }
        case .not(let inner): return !answer(inner, absent, trace)
        case .leaf(let number):
            guard case .property(let property, let test) = leaves[number] else { return absent.unknown }
            if property.isAlwaysThere, case .exists = test { return .yes }
            if property == .traceID { return Answer(test.holds(trace.description)) }
            guard property == .spanID, case .missing(let id, _) = absent else { return absent.unknown }
            return Answer(test.holds(id.description))
        }
    }
}
