import OTLP
package import QueryLanguage
package import TraceAssembly
import TraceModel

/// Says what a query finds in an assembled trace.
package struct TraceJudge {
    private let evaluator: QueryEvaluator
    private let started: ClosedRange<UInt64>
    private let matches: Int
    private let isDrawn: Bool

    /// - Parameter isDrawn: whether what is found is told with its small waterfall.
    package init(
        _ expression: QueryExpression, started: ClosedRange<UInt64> = 0 ... .max,
        matches: Int = FoundTrace.maximumMatches, isDrawn: Bool = false
    ) {
        evaluator = QueryEvaluator(expression)
        self.started = started
        self.matches = matches
        self.isDrawn = isDrawn
    }

    init(_ request: SearchRequest) {
        self.init(
            request.expression, started: request.started, matches: request.matches, isDrawn: request.isDrawn)
    }

    /// Nil where no span satisfies the query.
    package func found(_ trace: AssembledTrace) -> FoundTrace? {
        let verdicts = evaluator.verdicts(in: trace)
        var found = FoundTrace(key: TraceKey(start: 0, id: trace.traceID), summary: trace.summary)
        var isCertain = false
        for (index, verdict) in verdicts.enumerated() where verdict != .no {
            let node = trace.nodes[index]
            guard let span = node.span, started.contains(span.startUnixNano) else { continue }
            switch verdict {
            case .no: continue
            case .unknown(let missing):
                if isCertain { continue }
                if found.unknownBecause.map({ missing < $0 }) ?? true { found.unknownBecause = missing }
            case .yes:
                if !isCertain {
                    // What is only possible does not count beside what is certain.
                    isCertain = true
                    found.unknownBecause = nil
                    found.key.start = 0
                    found.matchCount = 0
                    found.matches = []
                }
            }
            found.key.start = max(found.key.start, span.startUnixNano)
            found.matchCount += 1
            if found.matches.count < matches { found.matches.append(node.spanID) }
        }
        guard found.matchCount > 0 else { return nil }
        if isDrawn { found.mini = MiniWaterfall(trace) }
        return found
    }
}
