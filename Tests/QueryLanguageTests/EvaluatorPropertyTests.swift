import OTLP
import QueryLanguage
import QueryTesting
import Testing
import TraceAssembly

@Suite("Whatever is asked of whatever trace, the answer is what the words mean")
struct EvaluatorPropertyTests {
    @Test(
        "10,000 random queries over random traces agree with the plain evaluator", arguments: 0..<100 as Range<UInt64>)
    func agreesWithNaive(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<100 {
            let trace = RandomTrace.assembled(using: &generator)
            let query = RandomQuery.expression(using: &generator)
            let evaluator = QueryEvaluator(query)
            let expected = NaiveEvaluator(trace: trace).verdicts(query)
            let verdicts = evaluator.verdicts(in: trace)
            guard verdicts == expected else {
                Issue.record("seed \(seed), round \(round): '\(query)' gives \(verdicts), not \(expected)")
                return
            }
            #expect(evaluator.verdict(of: trace) == Self.found(expected), "seed \(seed), round \(round): '\(query)'")
        }
    }

    private static func found(_ verdicts: [Verdict]) -> TraceVerdict {
        let matching = verdicts.indices.filter { verdicts[$0] == .yes }
        if !matching.isEmpty { return .yes(matching: matching) }
        let ids = verdicts.compactMap { if case .unknown(let id) = $0 { id } else { nil } }
        return ids.min().map { .unknown(because: $0) } ?? .no
    }

    @Test("A printed query parses back to the same tree", arguments: 0..<50 as Range<UInt64>)
    func printsAndParses(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let query = RandomQuery.expression(using: &generator)
            let text = "\(query)"
            let parsed = try QueryExpression(parsing: text, now: 0)
            #expect(parsed == query, "seed \(seed): \(text)")
            #expect("\(parsed)" == text, "seed \(seed)")
        }
    }

    @Test("The random traces and queries reach every verdict often")
    func coverage() {
        var generator = SeededGenerator(seed: 1)
        var counts = [0, 0, 0]
        for _ in 0..<2_000 {
            let trace = RandomTrace.assembled(using: &generator)
            switch QueryEvaluator(RandomQuery.expression(using: &generator)).verdict(of: trace) {
            case .yes: counts[0] += 1
            case .no: counts[1] += 1
            case .unknown: counts[2] += 1
            }
        }
        #expect(counts.allSatisfy { $0 > 200 }, "yes, no, unknown: \(counts)")
    }
}
