/// A query that parses back to the same tree, for every tree that the parser makes.
extension QueryExpression: CustomStringConvertible {
    package var description: String { self == .everything ? "" : printed }

    private var printed: String {
        switch self {
        case .everything: return "*"
        case .and(let members):
            if let test = printedNegatedTest { return test }
            return members.map { $0.isJoined ? "(\($0.printed))" : $0.printed }.joined(separator: " and ")
        case .or(let members):
            return members.map { $0.isAlternative ? "(\($0.printed))" : $0.printed }.joined(separator: " or ")
        case .not(let inner): return inner.isJoined ? "not (\(inner.printed))" : "not \(inner.printed)"
        case .comparison(let field, let comparison, let value):
            return "\(field) \(comparison.symbol) \(value.printed(for: field))"
        case .matches(let field, let pattern): return "\(field) =~ \(QuerySpelling.quoted(pattern.source))"
        case .isIn(let field, let values): return "\(field) in \(Self.list(values, field))"
        case .range(let field, let first, let last):
            return "\(field) in \(first.printed(for: field))..\(last.printed(for: field))"
        case .exists(let field): return "exists \(field)"
        case .related(let relation, let inner):
            return inner == .everything ? "\(relation.rawValue) {}" : "\(relation.rawValue) { \(inner.printed) }"
        }
    }

    /// Needs parentheses behind `not` and within `and`.
    private var isJoined: Bool {
        switch self {
        case .and: printedNegatedTest == nil
        case .or: true
        default: false
        }
    }

    private var isAlternative: Bool { if case .or = self { true } else { false } }

    /// `x !~ "…"` and `x not in (…)`, which the parser takes apart.
    private var printedNegatedTest: String? {
        guard case .and(let members) = self, members.count == 2, case .exists(let field) = members[0],
            case .not(let inner) = members[1]
        else { return nil }
        switch inner {
        case .matches(field, let pattern): return "\(field) !~ \(QuerySpelling.quoted(pattern.source))"
        case .isIn(field, let values): return "\(field) not in \(Self.list(values, field))"
        case .range(field, let first, let last):
            return "\(field) not in \(first.printed(for: field))..\(last.printed(for: field))"
        default: return nil
        }
    }

    private static func list(_ values: [QueryValue], _ field: QueryField) -> String {
        "(" + values.map { $0.printed(for: field) }.joined(separator: ", ") + ")"
    }
}

extension QueryField: CustomStringConvertible {
    /// As it is written in a query.
    package var description: String { QuerySpelling.text(of: self) }
}

extension QueryValue {
    fileprivate func printed(for field: QueryField) -> String {
        switch (self, ValueKind(of: field)) {
        case (.text(let text), .word), (.text(let text), .traceID), (.text(let text), .spanID):
            QuerySpelling.isPlain(text) ? text : QuerySpelling.quoted(text)
        case (.text(let text), _): QuerySpelling.quoted(text)
        case (.integer(let number), .duration): Self.duration(number)
        case (.integer(let number), .moment): Moment.text(number)
        case (.integer(let number), _): String(number)
        case (.decimal(let number), _): number.isFinite ? "\(number)" : QuerySpelling.quoted("\(number)")
        case (.bool(let flag), _): flag ? "true" : "false"
        }
    }

    private static func duration(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let unit = QueryUnit.times.last { nanoseconds.isMultiple(of: $0.factor) } ?? QueryUnit.times[0]
        return "\(nanoseconds / unit.factor)\(unit.word)"
    }
}
