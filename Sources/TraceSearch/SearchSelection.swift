import OTLP
import QueryLanguage

extension SpanSelection {
    /// What the evaluation of a query looks at.
    init(for expression: QueryExpression) {
        var needs = QueryNeeds()
        needs.note(expression)
        self.init(keys: needs.keys, hasEvents: needs.events, hasLinks: needs.links)
    }
}

private struct QueryNeeds {
    var keys: [String] = []
    var events = false
    var links = false

    mutating func note(_ expression: QueryExpression) {
        switch expression {
        case .everything: break
        case .and(let members), .or(let members): for member in members { note(member) }
        case .not(let inner), .related(_, let inner): note(inner)
        case .comparison(let field, _, _), .matches(let field, _), .isIn(let field, _), .range(let field, _, _),
            .exists(let field):
            note(field)
        }
    }

    private mutating func note(_ field: QueryField) {
        switch field {
        case .span(.eventName): events = true
        case .span(.linkTraceID), .span(.linkSpanID): links = true
        case .span, .trace: break
        case .attribute(let scope, let key):
            keys.append(key)
            if scope == .any || scope == .event { events = true }
            if scope == .any || scope == .link { links = true }
        }
    }
}
