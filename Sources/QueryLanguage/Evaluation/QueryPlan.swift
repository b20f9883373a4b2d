/// A query made ready for evaluation, cut in two: conditions on single spans, which are asked where the spans are, and what joins them
/// along the tree, which is the same wherever the tree comes from.
struct QueryPlan: Sendable {
    indirect enum Step: Sendable {
        /// Index into `parts`.
        case part(Int)
        case and([Step])
        case or([Step])
        case not(Step)
        /// Index into `traceTests`.
        case trace(Int)
        /// Index into `relations`.
        case related(Int)
    }
    /// A condition on single spans, as large as they come.
    struct Part: Sendable {
        var expression: QueryExpression
        var condition: SpanCondition
    }

    private(set) var top = Step.and([])
    private(set) var parts: [Part] = []
    private(set) var traceTests: [(property: TraceProperty, test: FieldTest)] = []
    /// Those within others come before them.
    private(set) var relations: [(relation: Relation, inner: Step)] = []

    init(_ expression: QueryExpression) { top = step(expression) }

    /// The condition that is all of the query; nil where it asks of more than single spans.
    var onlyPart: SpanCondition? {
        if case .part(let number) = top { parts[number].condition } else { nil }
    }

    private mutating func step(_ expression: QueryExpression) -> Step {
        if SpanCondition.isEnough(for: expression) {
            parts.append(Part(expression: expression, condition: SpanCondition(expression)))
            return .part(parts.count - 1)
        }
        switch expression {
        case .and(let members): return .and(steps(members) { .and($0) })
        case .or(let members): return .or(steps(members) { .or($0) })
        case .not(let inner): return .not(step(inner))
        case .related(let relation, let inner):
            let inner = step(inner)
            relations.append((relation, inner))
            return .related(relations.count - 1)
        case .comparison(.trace(let property), _, _), .matches(.trace(let property), _),
            .isIn(.trace(let property), _), .range(.trace(let property), _, _), .exists(.trace(let property)):
            traceTests.append((property, FieldTest(expression)))
            return .trace(traceTests.count - 1)
        case .everything, .comparison, .matches, .isIn, .range, .exists:
            preconditionFailure("QueryPlan: '\(expression)' is a condition on single spans")
        }
    }

    /// Members that ask of single spans become one part. It comes last: what is known of the trace often decides.
    private mutating func steps(
        _ members: [QueryExpression], join: ([QueryExpression]) -> QueryExpression
    ) -> [Step] {
        var own: [QueryExpression] = []
        var steps: [Step] = []
        for member in members {
            if SpanCondition.isEnough(for: member) { own.append(member) } else { steps.append(step(member)) }
        }
        if !own.isEmpty { steps.append(step(own.count == 1 ? own[0] : join(own))) }
        return steps
    }
}
