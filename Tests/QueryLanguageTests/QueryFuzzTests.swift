import QueryLanguage
import QueryTesting
import Testing
import TraceAssembly

@Suite("Whatever is typed, the parser answers")
struct QueryFuzzTests {
    private static let pieces = [
        "and", "or", "not", "in", "exists", "(", ")", "{", "}", ",", "..", "=", "!=", "<", ">=", "=~", "!~", "service",
        "duration",
        "status", "trace.", "span.", "parent", "\"", "'", "\\", "\\u{", "2s", "now-", "5..", "é", "👩‍👩‍👧", "\u{301}",
        "\r\n", "\0", "*",
        "[", "{1,", "(?i)", "|", "%", "2026-01-01T", "99999999999999999999", "-", ".", "µs", "“",
    ]

    @Test("Random and mutated queries never trap, and errors stay within the text", arguments: 0..<50 as Range<UInt64>)
    func mutations(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let trace = RandomTrace.assembled(using: &generator)
        for round in 0..<200 {
            var text = ""
            if round.isMultiple(of: 3) {
                for _ in 0..<Int.random(in: 1...12, using: &generator) {
                    text +=
                        (Self.pieces.randomElement(using: &generator) ?? "")
                        + (Bool.random(using: &generator) ? " " : "")
                }
            } else {
                text = mutated("\(RandomQuery.expression(depth: 2, using: &generator))", &generator)
            }
            do {
                let query = try QueryExpression(parsing: text, now: 1_767_225_600_000_000_000)
                let again = try QueryExpression(parsing: "\(query)", now: 0)
                #expect(again == query, "seed \(seed): \(text) is printed as \(query)")
                #expect(QueryEvaluator(query).verdicts(in: trace).count == trace.nodes.count)
            } catch {
                #expect(error.query == text, "seed \(seed): \(text)")
                #expect((1...text.count + 1).contains(error.column), "seed \(seed): \(text): \(error)")
                #expect(error.description.contains(error.message))
            }
        }
    }

    private func mutated(_ text: String, _ generator: inout SeededGenerator) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...scalars.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                scalars.insert(
                    contentsOf: (Self.pieces.randomElement(using: &generator) ?? "").unicodeScalars, at: place)
            case 1: scalars.removeSubrange(place..<min(scalars.count, place + Int.random(in: 0...5, using: &generator)))
            case 2:
                let end = min(scalars.count, place + Int.random(in: 0...20, using: &generator))
                scalars.insert(
                    contentsOf: scalars[place..<end], at: Int.random(in: 0...scalars.count, using: &generator))
            default: scalars.insert(Unicode.Scalar(UInt8.random(in: 0...127, using: &generator)), at: place)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
