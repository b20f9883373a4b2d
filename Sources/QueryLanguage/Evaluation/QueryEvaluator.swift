package import TraceAssembly
import TraceModel

/// Says which spans of a trace satisfy a query, in time in proportion to spans times conditions. What the store finds by faster
/// means must agree with it.
package struct QueryEvaluator {
    private let plan: QueryPlan

    package init(_ expression: QueryExpression) { plan = QueryPlan(expression) }

    /// One for each node. Placeholders satisfy nothing.
    package func verdicts(in trace: AssembledTrace) -> [Verdict] {
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(trace.nodes.count)
        evaluate(trace) { _, verdict in verdicts.append(verdict) }
        return verdicts
    }

    /// Whether the trace is found: one of its spans satisfies the query.
    package func verdict(of trace: AssembledTrace) -> TraceVerdict {
        var matching: [Int] = []
        var because: SpanID?
        evaluate(trace) { node, verdict in
            switch verdict {
            case .yes: matching.append(node)
            case .no: break
            case .unknown(let missing): because = min(because ?? missing, missing)
            }
        }
        if !matching.isEmpty { return .yes(matching: matching) }
        return because.map { .unknown(because: $0) } ?? .no
    }

    private func evaluate(_ trace: AssembledTrace, _ body: (Int, Verdict) -> Void) {
        let nodes = trace.nodes
        // The tree says nothing about it.
        if let condition = plan.onlyPart {
            for node in nodes.indices { body(node, nodes[node].span.map(condition.holds) ?? false ? .yes : .no) }
            return
        }
        let tree = QueriedTree(trace)
        let evaluation = TreeEvaluation(plan, tree) { number in
            let condition = plan.parts[number].condition
            var answers = nodes.map { Answer($0.span.map(condition.holds) ?? false) }
            for (place, node) in tree.missing.enumerated() {
                answers[node] = condition.answer(of: .missing(tree.missingIDs[place], place: place), in: tree.traceID)
            }
            return NamedAnswers(answers)
        }
        let answers = evaluation.answers
        for node in nodes.indices {
            let answer = answers[node]
            body(
                node,
                answer.missing.map { .unknown(because: tree.missingIDs[$0]) } ?? (answer == .yes ? .yes : .no))
        }
    }
}
