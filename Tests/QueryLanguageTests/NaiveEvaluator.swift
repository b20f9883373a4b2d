import OTLP
import QueryLanguage
import TraceAssembly
import TraceModel

/// The meaning of queries written down plainly: recursive, quadratic, without preparation. What it shares with the evaluator is
/// canonical text and patterns, which have tests of their own.
struct NaiveEvaluator {
    let trace: AssembledTrace

    /// A node, or a span of which nothing arrived.
    enum Subject {
        case node(Int)
        case unheardOf(as: SpanID)
    }

    private var missing: [SpanID] { trace.nodes.filter(\.isMissing).map(\.spanID) }

    func verdicts(_ query: QueryExpression) -> [Verdict] {
        trace.nodes.indices.map { trace.nodes[$0].isMissing ? .no : verdict(query, .node($0)) }
    }

    func verdict(_ query: QueryExpression, _ subject: Subject) -> Verdict {
        switch query {
        case .everything: .yes
        case .and(let members): negated(any(members.map { negated(verdict($0, subject)) }))
        case .or(let members): any(members.map { verdict($0, subject) })
        case .not(let inner): negated(verdict(inner, subject))
        case .related(let relation, let inner): related(relation, inner, subject)
        case .comparison(let field, .notEqual, let value):
            negated(
                any([
                    negated(verdict(.exists(field), subject)), verdict(.comparison(field, .equal, value), subject),
                ]))
        case .comparison(let field, let comparison, let value):
            condition(field, subject) { compare($0, comparison, value) }
        case .matches(let field, let pattern):
            condition(field, subject) { $0.text.map { pattern.matches($0) } ?? false }
        case .isIn(let field, let values):
            condition(field, subject) { seen in values.contains { compare(seen, .equal, $0) } }
        case .range(let field, let first, let last):
            condition(field, subject) {
                compare($0, .greaterOrEqual, first) && compare($0, .lessOrEqual, last)
            }
        case .exists(let field): exists(field, subject)
        }
    }

    private func any(_ verdicts: [Verdict]) -> Verdict {
        if verdicts.contains(.yes) { return .yes }
        var ids: [SpanID] = []
        for case .unknown(let id) in verdicts { ids.append(id) }
        return ids.min().map { .unknown(because: $0) } ?? .no
    }

    private func negated(_ verdict: Verdict) -> Verdict {
        switch verdict {
        case .yes: .no
        case .no: .yes
        case .unknown: verdict
        }
    }

    // MARK: Relations

    private func related(_ relation: Relation, _ inner: QueryExpression, _ subject: Subject) -> Verdict {
        guard case .node(let index) = subject else {
            guard case .unheardOf(let id) = subject else { return .no }
            return .unknown(because: id)
        }
        func unheardOf(_ id: SpanID) -> Verdict {
            verdict(inner, .unheardOf(as: id)) == .no ? .no : .unknown(because: id)
        }
        switch relation {
        case .parent:
            if let parent = trace.nodes[index].parent { return verdict(inner, .node(parent)) }
            return trace.nodes[index].isMissing ? unheardOf(trace.nodes[index].spanID) : .no
        case .ancestor:
            var found: [Verdict] = []
            var top = index
            while let parent = trace.nodes[top].parent {
                found.append(verdict(inner, .node(parent)))
                top = parent
            }
            if trace.nodes[top].isMissing { found.append(unheardOf(trace.nodes[top].spanID)) }
            return any(found)
        case .child, .descendant:
            let below = trace.nodes.indices.filter {
                relation == .child ? trace.nodes[$0].parent == index : isBelow($0, index)
            }
            var found = below.map { verdict(inner, .node($0)) }
            for other in trace.nodes.indices where trace.nodes[other].isMissing {
                if other != index, !isBelow(index, other) { found.append(unheardOf(trace.nodes[other].spanID)) }
            }
            return any(found)
        }
    }

    private func isBelow(_ index: Int, _ other: Int) -> Bool {
        var node = trace.nodes[index].parent
        while let above = node {
            if above == other { return true }
            node = trace.nodes[above].parent
        }
        return false
    }

    // MARK: Fields

    /// One value as it is compared.
    struct Seen {
        var text: String?
        var isString = false
        var number: Number?

        init(_ text: String) {
            self.text = text
            isString = true
            // Written exactly as a number would be.
            if let integer = Int64(text), "\(integer)" == text {
                number = .whole(Int128(integer))
            } else if let double = Double(text), double.isFinite, canonicalText(double) == text {
                number = .fraction(double)
            }
        }

        init(_ number: UInt64) {
            text = "\(number)"
            self.number = .whole(Int128(number))
        }

        init(_ value: AttributeValue) {
            self.init("")
            if case .string(let text) = value {
                self = Seen(text)
                return
            }
            (text, isString) = (canonicalText(value), false)
            if case .int(let integer) = value { number = .whole(Int128(integer)) }
            if case .double(let double) = value, !double.isNaN { number = .fraction(double) }
        }
    }

    enum Number {
        case whole(Int128)
        case fraction(Double)

        /// Whether it is less than another one.
        func isBelow(_ other: Number) -> Bool {
            switch (self, other) {
            case (.whole(let left), .whole(let right)): return left < right
            case (.fraction(let left), .fraction(let right)): return left < right
            case (.whole(let left), .fraction(let right)):
                if right.magnitude > 1e30 { return right > 0 }
                // A whole number is below another one if it is below that rounded up.
                return left < Int128(right.rounded(.up))
            case (.fraction(let left), .whole(let right)):
                if left.magnitude > 1e30 { return left < 0 }
                return Int128(left.rounded(.down)) < right
            }
        }
    }

    private func compare(_ seen: Seen, _ comparison: Comparison, _ value: QueryValue) -> Bool {
        if comparison == .equal { return seen.text.map { Array($0.utf8) == Array(canonicalText(value).utf8) } ?? false }
        var isLess = false
        var isMore = false
        switch value {
        case .text(let text):
            guard seen.isString, let own = seen.text else { return false }
            isLess = own.utf8.lexicographicallyPrecedes(text.utf8)
            isMore = text.utf8.lexicographicallyPrecedes(own.utf8)
        case .integer, .decimal:
            var bound = Number.whole(0)
            if case .integer(let integer) = value { bound = .whole(Int128(integer)) }
            if case .decimal(let double) = value { bound = .fraction(double) }
            guard let own = seen.number else { return false }
            isLess = own.isBelow(bound)
            isMore = bound.isBelow(own)
        case .bool: return false
        }
        switch comparison {
        case .less: return isLess
        case .lessOrEqual: return !isMore
        case .greater: return isMore
        default: return !isLess
        }
    }

    /// Whether a value of the field satisfies `test`.
    private func condition(_ field: QueryField, _ subject: Subject, _ test: (Seen) -> Bool) -> Verdict {
        switch field {
        case .trace(let property): return traceCondition(property, test)
        case .span(.traceID): return test(Seen(trace.traceID.description)) ? .yes : .no
        default: break
        }
        switch subject {
        case .unheardOf(let id): return .unknown(because: id)
        case .node(let index):
            let node = trace.nodes[index]
            if let span = node.span { return values(field, span).contains(where: test) ? .yes : .no }
            if field == .span(.spanID) { return test(Seen(node.spanID.description)) ? .yes : .no }
            return .unknown(because: node.spanID)
        }
    }

    private func exists(_ field: QueryField, _ subject: Subject) -> Verdict {
        let always: [QueryField] = [
            .span(.kind), .span(.status), .span(.duration), .span(.start), .span(.end), .span(.traceID), .span(.spanID),
        ]
        if always.contains(field) { return .yes }
        switch field {
        case .trace(.rootName), .trace(.rootService): return condition(field, subject) { $0.text != "" }
        case .trace: return .yes
        case .attribute(let scope, let key):
            switch subject {
            case .unheardOf(let id): return .unknown(because: id)
            case .node(let index):
                guard let span = trace.nodes[index].span else { return .unknown(because: trace.nodes[index].spanID) }
                let found = lists(scope, span).contains { list in
                    flattened(list).contains { Array($0.key.utf8) == Array(key.utf8) }
                }
                return found ? .yes : .no
            }
        default: return condition(field, subject) { _ in true }
        }
    }

    private func values(_ field: QueryField, _ span: SpanValue) -> [Seen] {
        func texts(_ texts: [String]) -> [Seen] { texts.map { Seen($0) } }
        func text(_ text: String) -> [Seen] { text.isEmpty ? [] : [Seen(text)] }
        switch field {
        case .trace: return []
        case .attribute(let scope, let key):
            return lists(scope, span).flatMap { list in
                flattened(list).filter { Array($0.key.utf8) == Array(key.utf8) }
                    .flatMap { elements($0.value, $0.depth) }.map { Seen($0) }
            }
        case .span(let property):
            switch property {
            case .name: return text(span.name)
            case .kind: return text("\(span.kind)")
            case .status: return text(["unset", "ok", "error"][Int(span.status.code.rawValue)])
            case .statusMessage: return text(span.status.message)
            case .duration:
                return [Seen(span.endUnixNano > span.startUnixNano ? span.endUnixNano - span.startUnixNano : 0)]
            case .start: return [Seen(span.startUnixNano)]
            case .end: return [Seen(span.endUnixNano)]
            case .traceID: return text("\(span.traceID)")
            case .spanID: return text("\(span.spanID)")
            case .parentID:
                guard let parent = span.parentSpanID, parent.value != 0 else { return [] }
                return text("\(parent)")
            case .service:
                guard
                    case .string(let name) = span.resource.attributes.first(where: { $0.key == "service.name" })?.value
                else { return [] }
                return text(name)
            case .scopeName: return text(span.scope.name)
            case .scopeVersion: return text(span.scope.version)
            case .eventName: return texts(span.events.map(\.name))
            case .linkTraceID: return texts(span.links.map { "\($0.traceID)" })
            case .linkSpanID: return texts(span.links.map { "\($0.spanID)" })
            }
        }
    }

    private func lists(_ scope: AttributeScope, _ span: SpanValue) -> [[Attribute]] {
        switch scope {
        case .span: [span.attributes]
        case .resource: [span.resource.attributes]
        case .scope: [span.scope.attributes]
        case .event: span.events.map(\.attributes)
        case .link: span.links.map(\.attributes)
        case .any:
            [span.attributes, span.resource.attributes, span.scope.attributes] + span.events.map(\.attributes)
                + span.links.map(\.attributes)
        }
    }

    private typealias Entry = (key: String, value: AttributeValue, depth: Int)

    /// All keys of a list, with those of maps inside.
    private func flattened(_ list: [Attribute], _ prefix: String = "", _ depth: Int = 0) -> [Entry] {
        guard depth <= 8 else { return [] }
        var entries: [Entry] = []
        for attribute in list {
            entries.append((prefix + attribute.key, attribute.value, depth))
            entries += members(attribute.value, prefix + attribute.key, depth)
        }
        return entries
    }

    private func members(_ value: AttributeValue, _ key: String, _ depth: Int) -> [Entry] {
        guard depth <= 8 else { return [] }
        switch value {
        case .map(let list): return flattened(list, key + ".", depth + 1)
        case .array(let elements): return elements.flatMap { members($0, key, depth + 1) }
        default: return []
        }
    }

    private func elements(_ value: AttributeValue, _ depth: Int) -> [AttributeValue] {
        guard depth <= 8 else { return [] }
        guard case .array(let values) = value else { return [value] }
        return values.flatMap { elements($0, depth + 1) }
    }

    // MARK: The trace

    /// Tries numbers that the property may have once all spans are there.
    private func traceCondition(_ property: TraceProperty, _ test: (Seen) -> Bool) -> Verdict {
        let spans = trace.nodes.compactMap(\.span)
        let smallest = missing.min()
        func growing(_ now: UInt64) -> Verdict {
            guard let smallest else { return test(Seen(now)) ? .yes : .no }
            return agreed(candidates.filter { $0 >= now } + [now], smallest, test)
        }
        switch property {
        case .duration: return growing(trace.summary.duration)
        case .spanCount: return growing(UInt64(trace.nodes.count))
        case .errorCount: return growing(UInt64(spans.count { $0.status.code == .error }))
        case .serviceCount: return growing(UInt64(Set(spans.map(\.serviceName)).subtracting([""]).count))
        case .start:
            guard let smallest else { return test(Seen(trace.summary.start)) ? .yes : .no }
            let isTimed = trace.summary.end > 0
            return agreed(
                candidates.filter { !isTimed || $0 <= trace.summary.start } + (isTimed ? [trace.summary.start] : []),
                smallest, test)
        case .hasError:
            if spans.contains(where: { $0.status.code == .error }) { return test(Seen("true")) ? .yes : .no }
            if let smallest { return .unknown(because: smallest) }
            return test(Seen("false")) ? .yes : .no
        case .rootName, .rootService:
            guard let first = trace.nodes.first else { return .no }
            guard let root = first.span else { return .unknown(because: first.spanID) }
            let text = property == .rootName ? root.name : root.serviceName
            return !text.isEmpty && test(Seen(text)) ? .yes : .no
        }
    }

    private func agreed(_ numbers: [UInt64], _ because: SpanID, _ test: (Seen) -> Bool) -> Verdict {
        let answers = Set(numbers.map { test(Seen($0)) })
        return answers.count > 1 ? .unknown(because: because) : answers.contains(true) ? .yes : .no
    }

    /// Around all numbers that `RandomQuery` compares with.
    private var candidates: [UInt64] {
        let around: [UInt64] = [
            0, 1, 2, 3, 5, 8, 500_000_000, 3_000_000_000, 4_000_000_001, 86_400_000_000_000, 1_700_000_000_000_000_000,
            1_700_000_001_000_000_000, 1_700_000_002_500_000_000, UInt64(Int64.max),
        ]
        return around.flatMap { [$0, $0 + 1, $0 == 0 ? 0 : $0 - 1] } + [.max]
    }
}
