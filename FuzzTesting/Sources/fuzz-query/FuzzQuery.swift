import QueryLanguage
import QueryTesting
import TraceAssembly

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    check(UnsafeBufferPointer(start: data, count: size))
    return 0
}

/// A few traces of every kind, the same in each run.
private let traces: [AssembledTrace] = {
    var generator = SeededGenerator(seed: 1)
    return (0..<16).map { _ in RandomTrace.assembled(using: &generator) }
}()

/// One input: the first byte chooses the trace; the rest is a query.
private func check(_ input: UnsafeBufferPointer<UInt8>) {
    guard let choice = input.first else { return }
    let text = String(decoding: input.dropFirst(), as: UTF8.self)
    let trace = traces[Int(choice) % traces.count]
    do throws(QuerySyntaxError) {
        let query = try QueryExpression(parsing: text, now: 1_767_225_600_000_000_000)
        let again: QueryExpression
        do throws(QuerySyntaxError) {
            again = try QueryExpression(parsing: query.description, now: 0)
        } catch {
            preconditionFailure("what is printed does not parse: \(error)")
        }
        precondition(again == query, "what is printed means something else: \(query)")
        let evaluator = QueryEvaluator(query)
        let verdicts = evaluator.verdicts(in: trace)
        precondition(verdicts == QueryEvaluator(again).verdicts(in: trace))
        if case .yes(let matching) = evaluator.verdict(of: trace) {
            precondition(matching == verdicts.indices.filter { verdicts[$0] == .yes })
        } else {
            precondition(!verdicts.contains(.yes))
        }
    } catch {
        precondition((1...text.count + 1).contains(error.column), "a column outside of the query")
        precondition(!error.description.isEmpty)
    }
}
