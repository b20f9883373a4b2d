import OTLP
import QueryLanguage
import SegmentStore
import SpanTokens
import TraceModel

extension SearchPlan {
    /// The plan of a query. Errs on one side only: what it excludes does not satisfy the query, and is not unknown either.
    init(_ expression: QueryExpression, started: ClosedRange<UInt64>) {
        let query = step(expression)
        begin(with: query, dependsOnTrace: Self.dependsOnTrace(expression), started: started)
    }

    private static func dependsOnTrace(_ expression: QueryExpression) -> Bool {
        switch expression {
        case .everything: false
        case .and(let members), .or(let members): members.contains(where: dependsOnTrace)
        case .not(let inner): dependsOnTrace(inner)
        case .related: true
        case .comparison(let field, _, _), .matches(let field, _), .isIn(let field, _), .range(let field, _, _),
            .exists(let field):
            if case .trace = field { true } else { false }
        }
    }

    private static let anything = Step.constant(some: true, all: false)
    private static let nothing = Step.constant(some: false, all: false)
    private static let everything = Step.constant(some: true, all: true)

    private mutating func step(_ expression: QueryExpression) -> Step {
        switch expression {
        case .everything: return Self.everything
        case .and(let members): return .and(members.map { step($0) } + pairs(in: members))
        case .or(let members): return .or(members.map { step($0) })
        case .not(let inner): return negated(inner)
        case .exists(let field): return exists(field)
        case .comparison(let field, .notEqual, let value):
            return .and([exists(field), .not(step(.comparison(field, .equal, value)))])
        case .comparison(let field, .equal, let value): return equals(field, value)
        case .comparison(let field, let comparison, let value): return ordered(field, comparison, value)
        case .isIn(.attribute(let scope, let key), let values):
            let texts = values.map { canonicalText($0) }
            guard Self.hasTokens(key) else { return Self.anything }
            return ask(.attribute(key), isExact: Self.isExact(scope, key)) { token in
                texts.map { token.equals(key, canonicalText: $0) }
            }
        case .isIn(let field, let values): return .or(values.map { equals(field, $0) })
        case .range(let field, let first, let last): return range(field, first, last)
        case .matches(let field, _): return may(field)
        case .related(let relation, let inner):
            let step = step(inner)
            return ask(relation, step)
        }
    }

    /// Negations go down to where more can be said: what does not last long lasts shortly.
    private mutating func negated(_ expression: QueryExpression) -> Step {
        switch expression {
        case .not(let inner): return step(inner)
        case .and(let members): return .or(members.map { negated($0) })
        case .or(let members): return step(.and(members.map { Self.opposite(of: $0) }))
        case .comparison:
            let opposite = Self.opposite(of: expression)
            return opposite == .not(expression) ? .not(step(expression)) : step(opposite)
        default: return .not(step(expression))
        }
    }

    private static func opposite(of expression: QueryExpression) -> QueryExpression {
        guard case .comparison(let field, let comparison, let value) = expression, isAlwaysNumber(field),
            isNumber(value)
        else { return .not(expression) }
        switch comparison {
        case .less: return .comparison(field, .greaterOrEqual, value)
        case .lessOrEqual: return .comparison(field, .greater, value)
        case .greater: return .comparison(field, .lessOrEqual, value)
        case .greaterOrEqual: return .comparison(field, .less, value)
        case .equal, .notEqual: return .not(expression)
        }
    }

    private static func isAlwaysNumber(_ field: QueryField) -> Bool {
        field == .span(.duration) || field == .span(.start)
    }

    private static func isNumber(_ value: QueryValue) -> Bool {
        switch value {
        case .integer: true
        case .decimal(let number): !number.isNaN
        case .text, .bool: false
        }
    }

    // MARK: Conditions

    /// Whether a span that has the token of an attribute has the attribute. A scope's name and version share their tokens with
    /// attributes called like them.
    private static func isExact(_ scope: AttributeScope, _ key: String) -> Bool {
        scope == .any && key != "scope.name" && key != "scope.version"
    }

    private static func hasTokens(_ key: String) -> Bool { key.utf8.count <= SpanToken.longestJoinedKey }

    /// A field that has some value.
    private mutating func exists(_ field: QueryField) -> Step {
        switch field {
        case .attribute(let scope, let key) where Self.hasTokens(key):
            return ask(.attribute(key), isExact: Self.isExact(scope, key)) { [$0.exists(key)] }
        case .span(.service): return .not(ask(.service, isExact: true) { [$0.service("")] })
        case .span(.name): return .not(ask(.name, isExact: true) { [$0.name("")] })
        case .span(.parentID): return ask(isExact: true) { [$0.hasParent] }
        case .span(.kind), .span(.status), .span(.duration), .span(.start), .span(.end), .span(.traceID),
            .span(.spanID):
            return Self.everything
        default: return Self.anything
        }
    }

    /// A condition that only a field with a value can satisfy, and of which no more is known.
    private mutating func may(_ field: QueryField) -> Step {
        if case .attribute(_, let key) = field, Self.hasTokens(key) {
            return ask(.attribute(key), isExact: false) { [$0.exists(key)] }
        }
        return Self.anything
    }

    private mutating func equals(_ field: QueryField, _ value: QueryValue) -> Step {
        let text = canonicalText(value)
        switch field {
        case .attribute(let scope, let key):
            guard Self.hasTokens(key) else { return Self.anything }
            return ask(.attribute(key), isExact: Self.isExact(scope, key)) { [$0.equals(key, canonicalText: text)] }
        case .trace(let property): return trace(property, equals: text, value)
        case .span(let property): return equals(property, text, value)
        }
    }

    private mutating func equals(_ property: SpanProperty, _ text: String, _ value: QueryValue) -> Step {
        switch property {
        case .name: return text.isEmpty ? Self.nothing : ask(.name, isExact: true) { [$0.name(text)] }
        case .service: return text.isEmpty ? Self.nothing : ask(.service, isExact: true) { [$0.service(text)] }
        case .kind:
            guard let kind = SpanKind.allCases.first(where: { "\($0)" == text }) else { return Self.nothing }
            return ask(.kind, isExact: true) { [$0.kind(kind.rawValue)] }
        case .status:
            guard let status = SpanStatus.Code.allCases.first(where: { "\($0)" == text }) else { return Self.nothing }
            return ask(.status, isExact: true) { [$0.status(status.rawValue)] }
        case .statusMessage: return ask(isExact: false) { [$0.statusMessage(text)] }
        case .eventName: return ask(isExact: false) { [$0.eventName(text)] }
        case .scopeName: return ask(isExact: false) { [$0.equals("scope.name", canonicalText: text)] }
        case .scopeVersion: return ask(isExact: false) { [$0.equals("scope.version", canonicalText: text)] }
        case .traceID: return TraceID(hex: text).flatMap { "\($0)" == text ? .ofTrace($0) : nil } ?? Self.nothing
        case .linkTraceID:
            guard let id = TraceID(hex: text) else { return Self.anything }
            return ask(isExact: false) { [$0.linkTrace(high: id.high, low: id.low)] }
        case .linkSpanID:
            guard let id = SpanID(hex: text) else { return Self.anything }
            return ask(isExact: false) { [$0.linkSpan(id.value)] }
        case .parentID: return ask(isExact: false) { [$0.hasParent] }
        case .duration, .start: return bounded(property, Bounds(writtenLike: text))
        case .end, .spanID: return Self.anything
        }
    }

    private mutating func ordered(_ field: QueryField, _ comparison: Comparison, _ value: QueryValue) -> Step {
        if case .trace(let property) = field, case .integer(let number) = value {
            return trace(property, comparison, number)
        }
        switch comparison {
        case .greater, .greaterOrEqual: return range(field, value, nil)
        default: return range(field, nil, value)
        }
    }

    private mutating func range(_ field: QueryField, _ first: QueryValue?, _ last: QueryValue?) -> Step {
        if case .trace(let property) = field, case .integer(let first) = first, case .integer(let last) = last {
            let (low, high) = (trace(property, .greaterOrEqual, first), trace(property, .lessOrEqual, last))
            return .and([low, high])
        }
        guard let bounds = Bounds(first, last) else { return may(field) }
        switch field {
        case .attribute(_, let key):
            let buckets = NumberBucket.range(bounds.low, bounds.high)
            // So many lookups cost more than they leave out.
            guard buckets.count <= 512, Self.hasTokens(key) else { return may(field) }
            return ask(.attribute(key), isExact: false) { token in buckets.map { token.number(key, bucket: $0) } }
        case .span(.duration), .span(.start):
            if case .span(let property) = field { return bounded(property, bounds) }
            return Self.anything
        default: return may(field)
        }
    }

    /// Duration or start between two numbers: a little more than they say, as neither strictness nor fractions count.
    private mutating func bounded(_ property: SpanProperty, _ bounds: Bounds?) -> Step {
        guard let bounds, let range = bounds.unsigned else { return Self.nothing }
        // Both ends may be one too many, so what lies inside is not certain.
        if property == .start { return .and([.started(range), Self.anything]) }
        let buckets = Self.buckets(range)
        let asked = ask(.duration, isExact: false) { token in buckets.map { token.duration(bucket: $0) } }
        return .and([asked, askLasted(range, certainly: bounds.certain)])
    }

    private static func buckets(_ range: ClosedRange<UInt64>) -> ClosedRange<Int> {
        NumberBucket.of(range.lowerBound)...NumberBucket.of(range.upperBound)
    }

    // MARK: The whole trace

    private mutating func trace(_ property: TraceProperty, equals text: String, _ value: QueryValue) -> Step {
        switch property {
        case .rootName:
            guard !text.isEmpty, case .question(let number) = ask(.name, isExact: true, { [$0.name(text)] }) else {
                return Self.anything
            }
            return ask(.root(number))
        case .rootService:
            guard !text.isEmpty, case .question(let number) = ask(.service, isExact: true, { [$0.service(text)] })
            else {
                return Self.anything
            }
            return ask(.root(number))
        case .hasError where text == "true": return ask(.hasError(true))
        case .hasError where text == "false": return ask(.hasError(false))
        case .duration, .spanCount, .serviceCount, .errorCount, .start:
            if case .integer(let number) = value { return trace(property, .equal, number) }
            return Self.anything
        case .hasError: return Self.anything
        }
    }

    /// A number of the trace compared with a whole one.
    private mutating func trace(_ property: TraceProperty, _ comparison: Comparison, _ number: Int64) -> Step {
        switch property {
        case .rootName, .rootService, .hasError: return Self.anything
        case .duration, .spanCount, .serviceCount, .errorCount, .start: break
        }
        let floor = UInt64(clamping: number)
        let range: ClosedRange<UInt64>?
        switch comparison {
        case .equal: range = number >= 0 ? floor...floor : nil
        case .less: range = number > 0 ? 0...floor - 1 : nil
        case .lessOrEqual: range = number >= 0 ? 0...floor : nil
        case .greater: range = (number >= 0 ? floor + 1 : 0)...UInt64.max
        case .greaterOrEqual: range = floor...UInt64.max
        case .notEqual: return Self.anything
        }
        return range.map { ask(.counts(property, $0)) } ?? Self.nothing
    }

    // MARK: Pairs

    /// Tokens of two conditions together, for conditions that are often asked together and seldom met together.
    private mutating func pairs(in members: [QueryExpression]) -> [Step] {
        let known = Known(members)
        var steps: [Step] = []
        // Certain only as far as the single conditions are.
        func add(_ tokens: @escaping @Sendable (SpanToken) -> [UInt64]) {
            steps.append(.or([askFrames { tokens($0.tokens) }, .constant(some: false, all: true)]))
        }
        if let service = known.service, let name = known.name {
            if let status = known.status, status == .error {
                add { [$0.service(service, name: name, status: status.rawValue)] }
            } else {
                add { [$0.service(service, name: name)] }
            }
        }
        if let service = known.service, known.status == .error {
            add { [$0.service(service, status: SpanStatus.Code.error.rawValue)] }
        }
        if known.service == nil, !known.otherThan.isEmpty {
            steps += pairs(ofServicesOtherThan: known.otherThan, known)
        }
        guard let duration = known.duration else { return steps }
        let buckets = Self.buckets(duration)
        if let service = known.service {
            add { token in buckets.map { token.service(service, durationBucket: $0) } }
        }
        if let name = known.name { add { token in buckets.map { token.name(name, durationBucket: $0) } } }
        if known.status == .error {
            add { token in buckets.map { token.status(SpanStatus.Code.error.rawValue, durationBucket: $0) } }
        }
        return steps
    }

    /// The same for a service that is told by what it is not: one of the others that the segment has.
    private mutating func pairs(ofServicesOtherThan excluded: Set<String>, _ known: Known) -> [Step] {
        var steps: [Step] = []
        func add(_ count: Int, _ tokens: @escaping @Sendable (SpanToken, String) -> [UInt64]) {
            let step = askFrames { view in
                let token = view.tokens
                // Spans without a name of a service are in no list.
                guard let services = view.services, (services.count + 1) * count <= Self.mostLookups,
                    // Of names that are spelt in two ways the list has one.
                    services.allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } })
                else {
                    return SpanKind.allCases.map { token.kind($0.rawValue) }
                }
                return (services.filter { !excluded.contains($0) } + [""]).flatMap { tokens(token, $0) }
            }
            steps.append(.or([step, .constant(some: false, all: true)]))
        }
        if let name = known.name { add(1) { [$0.service($1, name: name)] } }
        if known.status == .error { add(1) { [$0.service($1, status: SpanStatus.Code.error.rawValue)] } }
        if let duration = known.duration {
            let buckets = Self.buckets(duration)
            add(buckets.count) { token, service in buckets.map { token.service(service, durationBucket: $0) } }
        }
        return steps
    }

    /// So many lookups in the index of a segment take a few milliseconds.
    private static let mostLookups = 8192

    private struct Known {
        var service: String?
        /// What the service is not.
        var otherThan: Set<String> = []
        var name: String?
        var status: SpanStatus.Code?
        var duration: ClosedRange<UInt64>?

        init(_ members: [QueryExpression]) { for member in members { note(member) } }

        private mutating func note(_ member: QueryExpression) {
            switch member {
            case .and(let members): for member in members { note(member) }
            case .comparison(.span(.service), .equal, let value): service = Self.text(value)
            case .comparison(.span(.service), .notEqual, let value),
                .not(.comparison(.span(.service), .equal, let value)):
                if let name = Self.text(value) { otherThan.insert(name) }
            case .comparison(.span(.name), .equal, let value): name = Self.text(value)
            case .comparison(.span(.status), .equal, let value):
                status = SpanStatus.Code.allCases.first { "\($0)" == canonicalText(value) }
            case .comparison(.span(.duration), .greater, let value),
                .comparison(.span(.duration), .greaterOrEqual, let value):
                narrow(Bounds(value, nil))
            case .comparison(.span(.duration), .less, let value),
                .comparison(.span(.duration), .lessOrEqual, let value):
                narrow(Bounds(nil, value))
            case .range(.span(.duration), let first, let last): narrow(Bounds(first, last))
            default: break
            }
        }

        private static func text(_ value: QueryValue) -> String? {
            let text = canonicalText(value)
            return text.isEmpty ? nil : text
        }

        private mutating func narrow(_ bounds: Bounds?) {
            guard let range = bounds?.unsigned else { return }
            guard let known = duration else { return duration = range }
            duration = known.overlaps(range) ? known.clamped(to: range) : range
        }
    }

    /// Two numbers, the first not above the second unless nothing lies between them.
    private struct Bounds {
        var low: Double
        var high: Double

        /// Nil for what is no number. A missing bound is infinite.
        init?(_ first: QueryValue?, _ last: QueryValue?) {
            guard let low = Self.number(first, missing: -.infinity), let high = Self.number(last, missing: .infinity)
            else { return nil }
            (self.low, self.high) = (low, high)
        }

        init?(writtenLike text: String) {
            switch CanonicalNumber(text) {
            case .integer(let number): (low, high) = (Double(number), Double(number))
            case .decimal(let number): (low, high) = (number, number)
            case nil: return nil
            }
        }

        private static func number(_ value: QueryValue?, missing: Double) -> Double? {
            switch value {
            case nil: missing
            case .integer(let number): Double(number)
            case .decimal(let number): number.isNaN ? nil : number
            // A text is compared as text.
            case .text, .bool: nil
            }
        }

        /// The whole numbers that may lie between them, rounded outwards as far as a Double of 64 bits is inexact.
        var unsigned: ClosedRange<UInt64>? {
            guard low <= high, high >= 0 else { return nil }
            let first = low <= 1 ? 0 : UInt64(exactly: low.nextDown.nextDown.rounded(.down)) ?? .max
            let last = UInt64(exactly: high.nextUp.nextUp.rounded(.up)) ?? .max
            return min(first, last)...last
        }

        /// Those that certainly lie between them, whatever strictness was meant.
        var certain: ClosedRange<UInt64>? {
            let above = low < 0 ? 0 : UInt64(exactly: low.nextUp.nextUp.rounded(.up))
            // What is not a number of 64 bits is above all.
            let below = high <= 0 ? nil : UInt64(exactly: high.nextDown.nextDown.rounded(.down)) ?? .max
            guard let above, let below, above < .max, below > 0 else { return nil }
            let first = low < 0 ? 0 : above + 1
            let last = below == .max ? below : below - 1
            return first <= last ? first...last : nil
        }
    }
}
