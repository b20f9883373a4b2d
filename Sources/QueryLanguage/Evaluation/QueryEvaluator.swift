package import TraceAssembly

/// Says which spans of a trace satisfy a query, in time in proportion to spans times conditions. What the store finds by faster
/// means must agree with it.
package struct QueryEvaluator {
    private let plan: QueryPlan

    package init(_ expression: QueryExpression) { plan = QueryPlan(expression) }

    /// One for each node. Placeholders satisfy nothing.
    package func verdicts(in trace: AssembledTrace) -> [Verdict] {
        let evaluation = TraceEvaluation(plan, trace)
        return trace.nodes.indices.map { index in
            let answer = evaluation.answer(at: index)
            return answer.missing.map { .unknown(because: evaluation.missing[$0]) } ?? (answer == .yes ? .yes : .no)
        }
    }

    /// Whether the trace is found: one of its spans satisfies the query.
    package func verdict(of trace: AssembledTrace) -> TraceVerdict {
        let evaluation = TraceEvaluation(plan, trace)
        var matching: [Int] = []
        var total = Answer.no
        for index in trace.nodes.indices {
            let answer = evaluation.answer(at: index)
            if answer == .yes { matching.append(index) }
            total = total || answer
        }
        if !matching.isEmpty { return .yes(matching: matching) }
        return total.missing.map { .unknown(because: evaluation.missing[$0]) } ?? .no
    }
}
