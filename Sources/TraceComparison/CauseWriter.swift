import Glibc
import OTLP
import QueryLanguage
import TraceAssembly
import TraceModel

/// Puts a cause into words, and into a query.
struct CauseWriter {
    private let contrast: PopulationContrast

    private static let maximumExamples = 3

    init(_ contrast: PopulationContrast) { self.contrast = contrast }

    func cause(_ candidate: Candidate, alongside fellows: [Candidate]) -> Cause {
        Cause(
            kind: kind(candidate), what: what(candidate), where: place(candidate),
            shareA: Double(candidate.a.count) * contrast.weightA, shareB: Double(candidate.b.count) * contrast.weightB,
            extra: max(0, candidate.extra), score: min(1, max(0, candidate.score)), text: text(candidate),
            query: query(candidate), examples: examples(candidate),
            alongside: fellows.map { Cause.Fellow(kind: kind($0), what: what($0), where: place($0)) })
    }

    private func kind(_ candidate: Candidate) -> Cause.Kind {
        switch candidate.subject {
        case .slow: .operation
        case .failing: .error
        case .repeated, .extra, .missing: .edge
        case .feature: candidate.role.kind
        }
    }

    // MARK: Words

    private func operation(_ index: Int) -> Operation { contrast.pairs[index].operation }

    private func what(_ candidate: Candidate) -> String {
        switch candidate.subject {
        case .slow(let index): "\(operation(index).title) takes longer"
        case .failing(let index): "\(operation(index).title) fails"
        case .repeated(let index):
            "\(operation(index).title) is called \(calls(index, .a)) times instead of \(calls(index, .b))"
        case .extra(let index): "\(operation(index).title) is called"
        case .missing(let index): "\(operation(index).title) is not called"
        case .feature(let field, let value, _): condition(field, value).description
        }
    }

    private func place(_ candidate: Candidate) -> String {
        switch candidate.subject {
        case .slow(let index), .failing(let index), .repeated(let index), .extra(let index), .missing(let index):
            return operation(index).title
        case .feature(_, _, let level):
            switch level {
            case .operation(let index): return operation(index).title
            case .service(let name): return name.isEmpty ? "unknown service" : name.shortened
            case .everywhere: return ""
            }
        }
    }

    private enum Population {
        case a
        case b
    }

    /// Calls a trace, of the traces that have one; one digit behind the point below ten.
    private func calls(_ index: Int, _ population: Population) -> String {
        let facts = population == .a ? contrast.pairs[index].a : contrast.pairs[index].b
        guard facts.traces.count > 0 else { return "0" }
        let mean = Double(facts.spans) / Double(facts.traces.count)
        return mean < 9.95 ? decimal(mean) : "\(Int(mean.rounded()))"
    }

    private func decimal(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    private func percent(_ count: Int, _ of: Int) -> String { TimeText.percent(UInt64(count), of: UInt64(of)) }

    private func shares(_ candidate: Candidate) -> String {
        "\(percent(candidate.a.count, contrast.a.traceCount)) of A and \(percent(candidate.b.count, contrast.b.traceCount)) of B"
    }

    private func time(_ candidate: Candidate) -> String {
        candidate.extra >= 1
            ? ", which accounts for \(TimeText.duration(UInt64(candidate.extra))) a trace" : ""
    }

    private func text(_ candidate: Candidate) -> String {
        switch candidate.subject {
        case .slow(let index):
            "\(operation(index).title) takes \(decimal(candidate.factor)) times as long\(time(candidate)): it is slow in"
                + " \(shares(candidate))."
        case .failing(let index): "\(operation(index).title) fails in \(shares(candidate))."
        case .repeated(let index):
            "\(operation(index).title) is called \(calls(index, .a)) times a trace instead of \(calls(index, .b))"
                + "\(time(candidate))."
        case .extra(let index): "\(operation(index).title) is called in \(shares(candidate))\(time(candidate))."
        case .missing(let index): "\(operation(index).title) is called in only \(shares(candidate))."
        case .feature(let field, let value, _):
            featureText(candidate, condition(field, value).description.shortened)
        }
    }

    private func featureText(_ candidate: Candidate, _ condition: String) -> String {
        let place = place(candidate)
        var text = "\(condition)\(place.isEmpty ? "" : " on \(place)") is in \(shares(candidate))"
        if candidate.isAboutFailure { return text + ", and goes with the failures." }
        text += time(candidate)
        if candidate.factor >= 1.05, candidate.mechanism != nil || place != operationTitle(candidate) {
            text += "; its spans take \(decimal(candidate.factor)) times as long as others"
        } else if let mechanism = candidate.mechanism, operation(mechanism).title != place {
            text += "; it goes with the time of \(operation(mechanism).title)"
        }
        return text + "."
    }

    private func operationTitle(_ candidate: Candidate) -> String? {
        if case .feature(_, _, .operation(let index)) = candidate.subject { operation(index).title } else { nil }
    }

    // MARK: Queries

    private func condition(_ field: Int, _ value: AttributeValue) -> QueryExpression {
        let field = contrast.fields[field]
        let asked: QueryField
        switch field.place {
        case .span, .resource: asked = .attribute(.any, key: field.key)
        case .exception: asked = .attribute(.event, key: field.key)
        case .statusMessage: asked = .span(.statusMessage)
        }
        switch value {
        case .int(let number): return .comparison(asked, .equal, .integer(number))
        case .bool(let flag): return .comparison(asked, .equal, .bool(flag))
        default: return .comparison(asked, .equal, .text(canonicalText(value) ?? ""))
        }
    }

    private func query(_ candidate: Candidate) -> QueryExpression {
        switch candidate.subject {
        case .slow(let index):
            let bound = durationBound(index, candidate)
            return joined(
                conditions(index) + [.comparison(.span(.duration), .greaterOrEqual, .integer(Int64(clamping: bound)))])
        case .failing(let index):
            return joined(conditions(index) + [.comparison(.span(.status), .equal, .text("error"))])
        case .repeated(let index), .extra(let index):
            // Of several callers an example may have another one.
            let callers = contrast.pairs[index].a.callers.merging(contrast.pairs[index].b.callers) { $0 + $1 }
            guard callers.count == 1, let caller = caller(of: index), !conditions(caller).isEmpty else {
                return joined(conditions(index))
            }
            return joined(conditions(index) + [.related(.parent, joined(conditions(caller)))])
        case .missing(let index):
            let call = QueryExpression.not(.related(.child, joined(conditions(index))))
            return joined((caller(of: index).map(conditions) ?? []) + [call])
        case .feature(let field, let value, let level):
            let condition = condition(field, value)
            switch level {
            case .operation(let index): return joined(conditions(index) + [condition])
            case .service(let name):
                return joined((name.isEmpty ? [] : [.comparison(.span(.service), .equal, .text(name))]) + [condition])
            case .everywhere: return condition
            }
        }
    }

    private func caller(of index: Int) -> Int? {
        let pair = contrast.pairs[index]
        let callers = pair.a.callers.merging(pair.b.callers) { $0 + $1 }
        return callers.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    private func joined(_ conditions: [QueryExpression]) -> QueryExpression {
        conditions.count == 1 ? conditions[0] : conditions.isEmpty ? .everything : .and(conditions)
    }

    /// That a span is one of the operation.
    private func conditions(_ index: Int) -> [QueryExpression] {
        let pair = contrast.pairs[index]
        var conditions: [QueryExpression] = []
        if !pair.operation.service.isEmpty {
            conditions.append(.comparison(.span(.service), .equal, .text(pair.operation.service)))
        }
        if let name = nameCondition(pair) { conditions.append(name) }
        return conditions
    }

    private func nameCondition(_ pair: PopulationContrast.Pair) -> QueryExpression? {
        let (nameA, nameB) = (pair.a.onlyName, pair.b.onlyName)
        let isOnlyOne =
            pair.a.spans == 0 ? nameB != nil : pair.b.spans == 0 ? nameA != nil : nameA != nil && nameA == nameB
        if isOnlyOne, let name = nameA ?? nameB {
            return name.isEmpty ? nil : .comparison(.span(.name), .equal, .text(name))
        }
        let isOpen = pair.a.hasQuery || pair.b.hasQuery || pair.operation.name.utf8.count >= 200
        let source = Self.pattern(of: pair.operation.name) + (isOpen ? ".*" : "")
        // A name that makes too large a pattern is left out; the query then finds more.
        return (try? QueryPattern(source)).map { .matches(.span(.name), $0) }
    }

    /// What the spellings of a clustered name match.
    private static func pattern(of name: String) -> String {
        var pattern = ""
        var rest = Substring(name)
        while let first = rest.first {
            if rest.hasPrefix("{id}") {
                pattern += ".+"
                rest = rest.dropFirst(4)
                continue
            }
            if "\\.[]()*+?{}|^$".contains(first) { pattern += "\\" }
            pattern.append(first)
            rest = rest.dropFirst()
        }
        return pattern
    }

    /// What is shorter is not slow: a round number that the examples reach.
    private func durationBound(_ index: Int, _ candidate: Candidate) -> UInt64 {
        let pair = contrast.pairs[index]
        let longest = pair.b.visits.map(\.longest).sorted()
        let usual = longest.isEmpty ? 0 : longest[min(longest.count - 1, longest.count * 95 / 100)]
        let shown = Set(exampleTraces(candidate))
        let reached = pair.a.visits.filter { shown.contains($0.trace) }.map(\.longest).min() ?? 0
        return Self.rounded(min(usual, reached))
    }

    /// Down to two digits.
    private static func rounded(_ value: UInt64) -> UInt64 {
        var unit: UInt64 = 1
        while value / unit >= 100 { unit *= 10 }
        return value / unit * unit
    }

    // MARK: Examples

    private func examples(_ candidate: Candidate) -> [TraceID] {
        exampleTraces(candidate).map { contrast.a.traces[$0].id }
    }

    /// Of the traces that have it, those that took longest.
    private func exampleTraces(_ candidate: Candidate) -> [Int] {
        var members = candidate.a.members
        if case .missing = candidate.subject {
            let caller: Int? = if case .missing(let index) = candidate.subject { caller(of: index) } else { nil }
            members = (0..<contrast.a.traceCount).filter { trace in
                !candidate.a.contains(trace) && (caller.map { contrast.pairs[$0].a.traces.contains(trace) } ?? true)
            }
        }
        if candidate.isAboutFailure, case .feature = candidate.subject {
            let failed = members.filter { contrast.a.traces[$0].isFailed }
            if !failed.isEmpty { members = failed }
        }
        let traces = contrast.a.traces
        let ordered = members.sorted { (traces[$1].criticalTime, $0) < (traces[$0].criticalTime, $1) }
        return Array(ordered.prefix(Self.maximumExamples))
    }
}
