package import QueryLanguage
import OTLP
import TraceModel

/// Queries such as the parser makes, about the words that occur in `RandomTrace`.
package enum RandomQuery {
    package static func expression(
        depth: Int = 4, using generator: inout some RandomNumberGenerator
    ) -> QueryExpression {
        guard depth > 0 else { return condition(using: &generator) }
        switch Int.random(in: 0..<20, using: &generator) {
        case 0...3: return .and(members(depth, &generator))
        case 4...7: return .or(members(depth, &generator))
        case 8...9: return .not(expression(depth: depth - 1, using: &generator))
        case 10...14:
            return .related(
                RandomTrace.pick(Relation.allCases, &generator), expression(depth: depth - 1, using: &generator))
        default: return condition(using: &generator)
        }
    }

    private static func members(_ depth: Int, _ generator: inout some RandomNumberGenerator) -> [QueryExpression] {
        (0..<Int.random(in: 2...3, using: &generator)).map { _ in
            expression(depth: depth - 1, using: &generator)
        }
    }

    package static func condition(using generator: inout some RandomNumberGenerator) -> QueryExpression {
        let field = field(using: &generator)
        let sort = Sort(field)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: return .everything
        case 1...2: return .exists(field)
        case 3...4 where sort.hasText: return .matches(field, pattern(using: &generator))
        case 5 where sort.hasText: return .and([.exists(field), .not(.matches(field, pattern(using: &generator)))])
        case 6...7:
            let count = Int.random(in: 0..<5, using: &generator) == 0 ? 12 : Int.random(in: 1...3, using: &generator)
            return .isIn(field, (0..<count).map { _ in value(sort, &generator) })
        case 8...9 where sort.hasOrder: return range(field, sort, &generator)
        case 10...13 where sort.hasOrder:
            let comparison = RandomTrace.pick(Comparison.allCases.filter(\.isOrdering), &generator)
            var value = value(sort, &generator)
            while case .bool = value { value = self.value(sort, &generator) }
            return .comparison(field, comparison, value)
        case 14...15: return .comparison(field, .notEqual, value(sort, &generator))
        default: return .comparison(field, .equal, value(sort, &generator))
        }
    }

    package static func field(using generator: inout some RandomNumberGenerator) -> QueryField {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...3: .span(RandomTrace.pick(SpanProperty.allCases, &generator))
        case 4...5: .trace(RandomTrace.pick(TraceProperty.allCases, &generator))
        default:
            .attribute(
                RandomTrace.pick(AttributeScope.allCases + [.any, .any, .any], &generator),
                key: RandomTrace.pick(
                    RandomTrace.keys + ["db", "a.b.c.id", "user", "and", "a..b", "trace.x", "stat", "Ünï", ""],
                    &generator))
        }
    }

    private static func range(
        _ field: QueryField, _ sort: Sort, _ generator: inout some RandomNumberGenerator
    ) -> QueryExpression {
        while true {
            let (first, last) = (value(sort, &generator), value(sort, &generator))
            switch (first, last) {
            case (.text(let low), .text(let high)) where !high.utf8.lexicographicallyPrecedes(low.utf8):
                return .range(field, first, last)
            case (.integer(let low), .integer(let high)) where low <= high: return .range(field, first, last)
            case (.decimal(let low), .decimal(let high)) where low <= high: return .range(field, first, last)
            case (.integer(let low), .decimal(let high)) where low < 1_000 && Double(low) <= high:
                return .range(field, first, last)
            default: continue
            }
        }
    }

    private static func pattern(using generator: inout some RandomNumberGenerator) -> QueryPattern {
        let sources = [
            "GET /.*", "5..", "(?i)x|true", ".*", "", "[^0-9]+", "pay(-api)?", "\\d+(\\.\\d+)?", "[a-f0-9]{16}", "näm.",
            "(a|b)*c?", "err.*|ok",
        ]
        do {
            return try QueryPattern(RandomTrace.pick(sources, &generator))
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// What values go with a field.
    private enum Sort {
        case anything
        case text([String])
        case number([Int64])
        case flag
        case words([String])

        init(_ field: QueryField) {
            let ids = (1...14).map { RandomTrace.spanID($0).description }
            switch field {
            case .attribute: self = .anything
            case .span(let property):
                switch property {
                case .name: self = .text(RandomTrace.names + ["GET"])
                case .service: self = .text(RandomTrace.services)
                case .statusMessage, .eventName, .scopeName, .scopeVersion:
                    self = .text(["timeout", "exception", "retry", "", "lib", "1.0"])
                case .kind: self = .words(SpanKind.allCases.map(\.description))
                case .status: self = .words(["unset", "ok", "error"])
                case .duration: self = .number([0, 500_000_000, 1_000_000_000, 1_500_000_000, 7, -1])
                case .start, .end: self = .number(Sort.moments)
                case .traceID, .linkTraceID:
                    self = .words([RandomTrace.traceID.description, TraceID(high: 0, low: 5).description])
                case .spanID, .parentID, .linkSpanID: self = .words(ids)
                }
            case .trace(let property):
                switch property {
                case .duration: self = .number([0, 500_000_000, 3_000_000_000, 4_000_000_001, 86_400_000_000_000])
                case .spanCount, .serviceCount, .errorCount: self = .number([0, 1, 2, 3, 5, 8, -1])
                case .rootName: self = .text(RandomTrace.names)
                case .rootService: self = .text(RandomTrace.services)
                case .hasError: self = .flag
                case .start: self = .number(Sort.moments)
                }
            }
        }

        private static let moments: [Int64] = [
            0, 1, -1, 1_700_000_000_000_000_000, 1_700_000_001_000_000_000, 1_700_000_002_500_000_000, .max,
        ]

        var hasText: Bool {
            switch self {
            case .anything, .text, .words: true
            case .number, .flag: false
            }
        }

        var hasOrder: Bool {
            switch self {
            case .anything, .text, .number: true
            case .words, .flag: false
            }
        }
    }

    private static func value(_ sort: Sort, _ generator: inout some RandomNumberGenerator) -> QueryValue {
        switch sort {
        case .text(let texts), .words(let texts): return .text(RandomTrace.pick(texts, &generator))
        case .number(let numbers): return .integer(RandomTrace.pick(numbers, &generator))
        case .flag: return .bool(.random(using: &generator))
        case .anything:
            switch Int.random(in: 0..<8, using: &generator) {
            case 0...2: return .text(RandomTrace.pick(RandomTrace.texts, &generator))
            case 3...4: return .integer(RandomTrace.pick(RandomTrace.integers, &generator))
            case 5...6: return .decimal(RandomTrace.pick(RandomTrace.decimals, &generator))
            default: return .bool(.random(using: &generator))
            }
        }
    }
}
