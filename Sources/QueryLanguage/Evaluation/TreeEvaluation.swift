import TraceAssembly
import TraceModel

/// A query over one tree, in steps in proportion to nodes times conditions. What single spans say comes from elsewhere.
struct TreeEvaluation<Column: AnswerColumn> {
    private let plan: QueryPlan
    private let tree: QueriedTree
    private let part: (Int) -> Column
    private var traceAnswers: [Answer] = []
    private var relations: [Column] = []

    /// - Parameter part: what each node says to a part of the plan. It is asked once for each at most, and not for those that
    ///   change nothing.
    init(_ plan: QueryPlan, _ tree: QueriedTree, part: @escaping (Int) -> Column) {
        (self.plan, self.tree, self.part) = (plan, tree, part)
        traceAnswers = plan.traceTests.map { answer($0.test, $0.property) }
        for (relation, inner) in plan.relations { relations.append(related(relation, inner)) }
    }

    /// What the query says of each node; of a placeholder, no.
    var answers: Column {
        var column = self.column(plan.top)
        for node in tree.missing { column[node] = .no }
        return column
    }

    func column(_ step: QueryPlan.Step) -> Column {
        switch step {
        case .part(let number): return part(number)
        case .trace(let number): return Column(repeating: traceAnswers[number], count: tree.count)
        case .related(let number): return relations[number]
        case .and(let members): return joined(members, until: .no) { $0.formAnd($1) }
        case .or(let members): return joined(members, until: .yes) { $0.formOr($1) }
        case .not(let inner):
            var column = self.column(inner)
            column.negate()
            return column
        }
    }

    private func joined(
        _ members: [QueryPlan.Step], until decided: Answer, _ join: (inout Column, Column) -> Void
    ) -> Column {
        var result: Column?
        for member in members {
            guard var joined = result else {
                result = column(member)
                continue
            }
            result = nil
            if joined.isAll(decided) { return joined }
            join(&joined, column(member))
            result = joined
        }
        return result ?? Column(repeating: !decided, count: tree.count)
    }

    // MARK: Relations

    private func related(_ relation: Relation, _ inner: QueryPlan.Step) -> Column {
        let answers = self.column(inner)
        let parent = tree.parent
        /// What can be said of a span of which nothing arrived; only "no" is certain enough to tell something.
        let isImpossible = unheardOf(inner) == .no
        var column = Column(repeating: .no, count: tree.count)
        switch relation {
        case .parent, .ancestor:
            // Placeholders have no parent, or none that is known.
            if !isImpossible {
                for (place, node) in tree.missing.enumerated() { column[node] = .unknown(place) }
            }
            for node in parent.indices where parent[node] >= 0 {
                let above = Int(parent[node])
                column[node] = relation == .parent ? answers[above] : answers[above] || column[above]
            }
        case .child, .descendant:
            for node in parent.indices.reversed() where parent[node] >= 0 {
                let above = Int(parent[node])
                let below = relation == .child ? answers[node] : answers[node] || column[node]
                column[above] = column[above] || below
            }
            guard !isImpossible, let first = tree.missing.first else { break }
            // A placeholder is below no node of its own tree.
            var unknown = Column(repeating: .unknown(0), count: tree.count)
            let other = tree.missing.count > 1 ? Answer.unknown(1) : .no
            for node in tree.tree(of: first) { unknown[node] = other }
            column.formOr(unknown)
        }
        return column
    }

    /// What is certain of a span of the trace of which nothing arrived.
    private func unheardOf(_ step: QueryPlan.Step) -> Answer {
        switch step {
        case .part(let number): plan.parts[number].condition.answer(of: .unheardOf, in: tree.traceID)
        case .trace(let number): traceAnswers[number]
        case .related: .unknown(0)
        case .and(let members): members.reduce(.yes) { $0 && unheardOf($1) }
        case .or(let members): members.reduce(.no) { $0 || unheardOf($1) }
        case .not(let inner): !unheardOf(inner)
        }
    }

    // MARK: The whole trace

    private func answer(_ test: FieldTest, _ property: TraceProperty) -> Answer {
        let summary = tree.summary
        let isComplete = tree.missing.isEmpty
        func atLeast(_ low: Int, _ more: Int = 0) -> Answer {
            answer(test, isComplete ? UInt64(low)...UInt64(low) : UInt64(low + more)...UInt64.max)
        }
        switch property {
        case .spanCount: return atLeast(summary.spanCount, tree.missing.count)
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
            if let place = tree.firstRoot { return .unknown(place) }
            return Answer(test.holds(property == .rootName ? summary.rootName : summary.rootService))
        }
    }

    private func answer(_ test: FieldTest, _ numbers: ClosedRange<UInt64>) -> Answer {
        test.holds(numbers).map { Answer($0) } ?? .unknown(0)
    }
}
