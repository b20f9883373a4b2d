/// A query made ready for evaluation: tests are prepared, and what depends on more than one span stands in lists.
struct QueryPlan {
    indirect enum Step {
        case everything
        case and([Step])
        case or([Step])
        case not(Step)
        case property(SpanProperty, FieldTest)
        case attribute(AttributeSearch, FieldTest)
        /// Index into `traceTests`.
        case trace(Int)
        /// Index into `relations`.
        case related(Int)
    }

    private(set) var top = Step.everything
    private(set) var traceTests: [(property: TraceProperty, test: FieldTest)] = []
    /// Those within others come before them.
    private(set) var relations: [(relation: Relation, inner: Step)] = []

    init(_ expression: QueryExpression) { top = step(expression) }

    private mutating func step(_ expression: QueryExpression) -> Step {
        switch expression {
        case .everything: return .everything
        case .and(let members):
            var steps: [Step] = []
            for member in members { steps.append(step(member)) }
            return .and(steps)
        case .or(let members):
            var steps: [Step] = []
            for member in members { steps.append(step(member)) }
            return .or(steps)
        case .not(let inner): return .not(step(inner))
        case .comparison(let field, let comparison, let value):
            let test = ValueTest(comparison, value)
            return step(field, comparison == .notEqual ? .none(test) : .some(test))
        case .matches(let field, let pattern): return step(field, .some(.pattern(pattern)))
        case .isIn(let field, let values): return step(field, .some(ValueTest(oneOf: values)))
        case .range(let field, let first, let last): return step(field, .some(ValueTest(from: first, to: last)))
        case .exists(let field): return step(field, .exists)
        case .related(let relation, let inner):
            let inner = step(inner)
            relations.append((relation, inner))
            return .related(relations.count - 1)
        }
    }

    private mutating func step(_ field: QueryField, _ test: FieldTest) -> Step {
        switch field {
        case .span(let property): return .property(property, test)
        case .attribute(let scope, let key): return .attribute(AttributeSearch(scope, key), test)
        case .trace(let property):
            traceTests.append((property, test))
            return .trace(traceTests.count - 1)
        }
    }
}
