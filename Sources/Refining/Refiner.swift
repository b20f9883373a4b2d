package import WireFormat

/// Changes checked telemetry between the door and the spool: adds attributes, leaves out spans, takes secrets away. Lives on
/// one loop and keeps its buffers.
package final class Refiner {
    private var rewriter: Rewriter

    package init(_ rules: RefiningRules) {
        rewriter = Rewriter(rules)
        adopt(rules)
    }

    /// Other rules from the next message on.
    package func adopt(_ rules: RefiningRules) {
        rewriter.rules = rules
        rewriter.redacted = [Int](repeating: 0, count: rules.redaction?.ruleNames.count ?? 0)
        rewriter.sampledOut = [Int](repeating: 0, count: rules.sampling.count)
    }

    /// Appends the message as it is to be kept to `output`. If nothing has to change, which costs one pass over the bytes,
    /// nothing is written.
    ///
    /// The message is to have been scanned: what a scan refuses is an error here or passes, and never traps. After a throw
    /// `output` is as it was.
    ///
    /// - Parameter limit: no more than this is ever in `output`; a message that would need more is an `outgrown` error.
    package func refine(
        _ message: Span<UInt8>, _ kind: SignalKind, limit: Int = .max, into output: inout [UInt8]
    ) throws(WireError) -> RefiningOutcome {
        var outcome = RefiningOutcome()
        outcome.isChanged = try rewriter.rewrite(message, kind, limit: limit, into: &output)
        guard outcome.isChanged else { return outcome }
        outcome.sampledOut = rewriter.sampledOutTotal
        if outcome.sampledOut > 0 {
            for (rule, count) in zip(rewriter.rules.sampling, rewriter.sampledOut) where count > 0 {
                outcome.sampledOutByRule.append(.init(rule: rule.text, count: count))
            }
        }
        if rewriter.redactedAny, let names = rewriter.rules.redaction?.ruleNames {
            for (name, count) in zip(names, rewriter.redacted) where count > 0 {
                if let index = outcome.redactedByRule.firstIndex(where: { $0.rule == name }) {
                    outcome.redactedByRule[index].count += count
                } else {
                    outcome.redactedByRule.append(.init(rule: name, count: count))
                }
            }
        }
        return outcome
    }
}
