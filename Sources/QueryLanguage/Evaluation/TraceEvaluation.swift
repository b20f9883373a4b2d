import OTLP
import TraceAssembly
import TraceModel

/// One query over one trace, in steps in proportion to nodes times conditions.
struct TraceEvaluation {
    /// Whom a condition is asked of.
    private enum Subject {
        case span(SpanValue)
        /// A span that did not arrive while others name it: its id is known, and its place among the missing.
        case missing(Int)
        /// Some span of the trace of which nothing arrived, not even its id.
        case unheardOf
    }

    private let plan: QueryPlan
    private let trace: AssembledTrace
    /// Ids of the placeholders, sorted.
    let missing: [SpanID]
    /// For placeholders: the place of the id in `missing`; for others -1.
    private var place: [Int]
    /// The place of the placeholder at the top of each node's tree, which may be the node itself; -1 if a span is at the top.
    private var placeOfTop: [Int]
    private var traceAnswers: [Answer] = []
    /// For each relation one answer a node.
    private var columns: [[Answer]] = []

    init(_ plan: QueryPlan, _ trace: AssembledTrace) {
        self.plan = plan
        self.trace = trace
        let placeholders = trace.nodes.indices.filter { trace.nodes[$0].isMissing }
            .sorted { trace.nodes[$0].spanID < trace.nodes[$1].spanID }
        missing = placeholders.map { trace.nodes[$0].spanID }
        place = Array(repeating: -1, count: trace.nodes.count)
        for (number, index) in placeholders.enumerated() { place[index] = number }
        placeOfTop = place
        for index in trace.nodes.indices {
            if let parent = trace.nodes[index].parent { placeOfTop[index] = placeOfTop[parent] }
        }
        traceAnswers = plan.traceTests.map { answer($0.test, $0.property) }
        for (relation, inner) in plan.relations { columns.append(column(relation, inner)) }
    }

    /// What the query says of a node; of a placeholder, no.
    func answer(at index: Int) -> Answer {
        trace.nodes[index].isMissing ? .no : answer(plan.top, subject(at: index), index)
    }

    // MARK: Conditions

    private func subject(at index: Int) -> Subject {
        trace.nodes[index].span.map { .span($0) } ?? .missing(place[index])
    }

    private func answer(_ step: QueryPlan.Step, _ subject: Subject, _ index: Int?) -> Answer {
        switch step {
        case .everything: return .yes
        case .and(let members):
            var result = Answer.yes
            for member in members {
                result = result && answer(member, subject, index)
                if result == .no { break }
            }
            return result
        case .or(let members):
            var result = Answer.no
            for member in members {
                result = result || answer(member, subject, index)
                if result == .yes { break }
            }
            return result
        case .not(let inner): return !answer(inner, subject, index)
        case .trace(let number): return traceAnswers[number]
        case .related(let number): return index.map { columns[number][$0] } ?? .unknown(0)
        case .property(let property, let test):
            if case .span(let span) = subject { return Answer(test.holds(property, of: span)) }
            if property.isAlwaysThere, case .exists = test { return .yes }
            if property == .traceID { return Answer(test.holds(trace.traceID.description)) }
            guard case .missing(let place) = subject else { return .unknown(0) }
            return property == .spanID ? Answer(test.holds(missing[place].description)) : .unknown(place)
        case .attribute(let search, let test):
            switch subject {
            case .span(let span): return Answer(test.holds(search, in: span))
            case .missing(let place): return .unknown(place)
            case .unheardOf: return .unknown(0)
            }
        }
    }

    // MARK: Relations

    private func column(_ relation: Relation, _ inner: QueryPlan.Step) -> [Answer] {
        let nodes = trace.nodes
        let answers = nodes.indices.map { answer(inner, subject(at: $0), $0) }
        /// What can be said of a span of which nothing arrived; only "no" is certain enough to tell something.
        let isImpossible = answer(inner, .unheardOf, nil) == .no
        var column = Array(repeating: Answer.no, count: nodes.count)
        switch relation {
        case .parent, .ancestor:
            for index in nodes.indices {
                if let parent = nodes[index].parent {
                    column[index] = relation == .parent ? answers[parent] : answers[parent] || column[parent]
                } else if nodes[index].isMissing, !isImpossible {
                    column[index] = .unknown(place[index])
                }
            }
        case .child, .descendant:
            for index in nodes.indices.reversed() {
                guard let parent = nodes[index].parent else { continue }
                let below = relation == .child ? answers[index] : answers[index] || column[index]
                column[parent] = column[parent] || below
            }
            guard !isImpossible, !missing.isEmpty else { break }
            for index in nodes.indices {
                // A placeholder is below no node of its own tree.
                let smallest = placeOfTop[index] == 0 ? 1 : 0
                if smallest < missing.count { column[index] = column[index] || .unknown(smallest) }
            }
        }
        return column
    }

    // MARK: The whole trace

    private func answer(_ test: FieldTest, _ property: TraceProperty) -> Answer {
        let summary = trace.summary
        let isComplete = missing.isEmpty
        func atLeast(_ low: Int, _ more: Int = 0) -> Answer {
            answer(test, isComplete ? UInt64(low)...UInt64(low) : UInt64(low + more)...UInt64.max)
        }
        switch property {
        case .spanCount: return atLeast(summary.spanCount, missing.count)
        case .errorCount: return atLeast(summary.errorCount)
        case .serviceCount: return atLeast(summary.services.count { !$0.name.isEmpty })
        case .duration:
            return answer(test, isComplete ? summary.duration...summary.duration : summary.duration...UInt64.max)
        case .start:
            let isTimed = summary.start > 0 || summary.end > 0
            if isComplete { return answer(test, summary.start...summary.start) }
            return answer(test, isTimed ? 0...summary.start : 0...UInt64.max)
        case .hasError:
            if case .exists = test { return .yes }
            if summary.errorCount > 0 { return Answer(test.holds("true")) }
            return isComplete ? Answer(test.holds("false")) : .unknown(0)
        case .rootName, .rootService:
            if let root = trace.roots.first, trace.nodes[root].isMissing { return .unknown(place[root]) }
            return Answer(test.holds(property == .rootName ? summary.rootName : summary.rootService))
        }
    }

    private func answer(_ test: FieldTest, _ numbers: ClosedRange<UInt64>) -> Answer {
        test.holds(numbers).map { Answer($0) } ?? .unknown(0)
    }
}
