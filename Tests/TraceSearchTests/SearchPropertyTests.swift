import Glibc
import OTLP
import QueryLanguage
import QueryTesting
import SegmentStore
import Testing
import TraceAssembly
import TraceModel
import TraceSearch

@Suite("Search against the query itself, asked of every trace")
struct SearchPropertyTests {
    /// In each of forty rounds: a thousand queries in all, ten thousand with `make search-proof`.
    static let queries = getenv("HMS_SEARCH_QUERIES").flatMap { Int(String(cString: $0)) } ?? 25

    /// What is found, apart from the trace's summary.
    struct Found: Equatable, CustomStringConvertible {
        var key: TraceKey
        var unknownBecause: SpanID?
        /// Nil where there may be more.
        var matchCount: Int?
        var description: String {
            "\(key.start) \(key.id) \(matchCount ?? -1) \(unknownBecause.map { "?\($0)" } ?? "")"
        }
    }

    /// Plainly: each trace, each span.
    static func expected(
        _ query: QueryExpression, _ traces: [AssembledTrace], started: ClosedRange<UInt64>
    ) -> [Found] {
        let evaluator = QueryEvaluator(query)
        var found: [Found] = []
        for trace in traces {
            let answers = zip(trace.nodes, evaluator.verdicts(in: trace)).filter { node, _ in
                node.span.map { started.contains($0.startUnixNano) } ?? false
            }
            let certain = answers.filter { $0.1 == .yes }
            let possible = answers.compactMap { node, verdict -> (TraceNode, SpanID)? in
                if case .unknown(let missing) = verdict { (node, missing) } else { nil }
            }
            let matching = certain.isEmpty ? possible.map(\.0) : certain.map(\.0)
            guard let newest = matching.compactMap({ $0.span?.startUnixNano }).max() else { continue }
            found.append(
                Found(
                    key: TraceKey(start: newest, id: trace.traceID),
                    unknownBecause: certain.isEmpty ? possible.map(\.1).min() : nil, matchCount: matching.count))
        }
        return found.sorted { $1.key < $0.key }
    }

    /// All pages, one after the other.
    static func search(
        _ request: SearchRequest, in store: SegmentStore, _ large: LargeTraces?, pages: inout Int
    ) throws -> [Found] {
        var request = request
        var found: [Found] = []
        while true {
            pages += 1
            let page = try TraceSearch(request, in: store, large: large, clock: { 0 }).run()
            #expect(page.traces.count <= request.limit)
            #expect(page.isTruncated == (page.cursor != nil))
            found += page.traces.map {
                Found(
                    key: $0.key, unknownBecause: $0.unknownBecause,
                    matchCount: $0.hasMoreMatches ? nil : $0.matchCount)
            }
            guard let cursor = page.cursor else { return found }
            #expect(SearchCursor(cursor.text) == cursor)
            request.cursor = cursor
        }
    }

    @Test(
        "Random queries find exactly the traces that satisfy them, in order, on pages of any size",
        arguments: 0..<40)
    func findsWhatIsThere(round: Int) throws {
        let base = getenv("HMS_SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_261_127
        let seed = base &+ UInt64(round)
        var generator = SeededGenerator(seed: seed)
        let random = try RandomStore(traces: 40, using: &generator)
        var answers = 0
        // All traces are large ones here, and remembered from one query to the next.
        let large = LargeTraces(frames: 0)
        for number in 0..<Self.queries {
            let query = RandomQuery.expression(depth: Int.random(in: 0...4, using: &generator), using: &generator)
            var request = SearchRequest(query)
            request.limit = Int.random(in: 1...30, using: &generator)
            request.bounds.framesBeforeOutlines = [0, 0, 0, 3].randomElement(using: &generator) ?? 0
            if Int.random(in: 0..<4, using: &generator) == 0 {
                let times = random.traces.flatMap(\.nodes).compactMap { $0.span?.startUnixNano }
                let one = times.randomElement(using: &generator) ?? 0
                let other = times.randomElement(using: &generator) ?? 0
                request.started = min(one, other)...max(one, other)
            }
            let all = Self.expected(query, random.traces, started: request.started)
            var pages = 0
            let isLarge = Bool.random(using: &generator)
            let found = try Self.search(request, in: random.store, isLarge ? large : nil, pages: &pages)
            let expected =
                zip(all, found).map { whole, found in
                    found.matchCount == nil
                        ? Found(key: whole.key, unknownBecause: whole.unknownBecause, matchCount: nil) : whole
                } + all.dropFirst(found.count)
            #expect(found == expected, "seed \(seed), query \(number): \(query)")
            guard found == expected else { return }
            answers += found.count
        }
        // A test in which nothing is ever found would prove nothing.
        #expect(answers > 2 * Self.queries, "seed \(seed)")
    }
}
