import OTLP
import QueryLanguage
import TraceAssembly
import TraceModel

/// What the traces of `a` (slow, or failing) share that those of `b` do not.
package struct PopulationComparison: Sendable {
    /// The likeliest first.
    package let causes: [Cause]
    /// One sentence.
    package let verdict: String

    package static let usualCauses = 20

    package init(of a: PopulationDigest, against b: PopulationDigest, limit: Int = usualCauses) {
        guard a.traceCount > 0, b.traceCount > 0 else {
            causes = []
            let empty = a.traceCount == 0 ? (b.traceCount == 0 ? "Neither population has" : "A has no") : "B has no"
            verdict = "\(empty) traces, so there is nothing to compare."
            return
        }
        let contrast = PopulationContrast(a, b)
        var search = CauseSearch(contrast)
        search.run()
        let folded = CauseFolding(search.candidates, contrast).folded(limit: limit)
        let writer = CauseWriter(contrast)
        causes = folded.map { writer.cause($0.head, alongside: $0.fellows) }
        verdict = Self.verdict(a, b, causes.first)
    }

    private static func verdict(_ a: PopulationDigest, _ b: PopulationDigest, _ first: Cause?) -> String {
        let (medianA, medianB) = (a.duration(percent: 50) ?? 0, b.duration(percent: 50) ?? 0)
        var head = "A trace of A takes \(TimeText.duration(medianA)) (median), one of B \(TimeText.duration(medianB))"
        if a.failedCount + b.failedCount > 0 {
            head +=
                "; \(TimeText.percent(UInt64(a.failedCount), of: UInt64(a.traceCount))) of A fail,"
                + " \(TimeText.percent(UInt64(b.failedCount), of: UInt64(b.traceCount))) of B"
        }
        guard let first else {
            return head + ". Nothing that the traces tell explains it; compare more traces, or larger differences."
        }
        return head + ". Likeliest: \(first.text)"
    }
}
