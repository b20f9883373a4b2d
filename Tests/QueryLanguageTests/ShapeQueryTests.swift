import OTLP
import QueryLanguage
import QueryTesting
import SpanColumns
import Testing
import TraceAssembly
import TraceModel
import WireFormat

@Suite("A query over a trace in columns")
struct ShapeQueryTests {
    /// A trace as a view has it: columns, and requests by place.
    private struct Sample {
        var shape: TraceShape
        var places: [[[UInt8]]]
        var trace: AssembledTrace

        init(_ spans: [SpanValue], using generator: inout some RandomNumberGenerator) throws {
            var places: [[[UInt8]]] = []
            var rest = spans[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...4, using: &generator))
                rest = rest.dropFirst(part.count)
                let request = OTLPSpanWriter.encode(Array(part))
                if places.isEmpty || Bool.random(using: &generator) {
                    places.append([request])
                } else {
                    places[places.count - 1].append(request)
                }
            }
            var columns = SpanColumns(of: RandomTrace.traceID)
            for (place, requests) in places.enumerated() {
                for request in requests { try columns.append(request.span, place: UInt32(place)) }
            }
            shape = TraceShape(columns) { rows in rows.map { spans[$0] } }
            trace = assemble(spans, as: RandomTrace.traceID)
            self.places = places
        }

        /// Settles what is open, and what is found then.
        func found(_ query: QueryExpression, onRead: (Int) -> Void = { _ in }) -> [Int] {
            var query = ShapeQuery(query, shape)
            var reading = OpenReading(query)
            var open = NodeSet(count: shape.count)
            for part in query.open { open.formUnion(part.nodes) }
            for (place, requests) in places.enumerated() {
                let nodes = open.nodes.filter { shape.place[Int($0)] == place }
                guard !nodes.isEmpty else { continue }
                onRead(nodes.count)
                reading.begin(nodes[...])
                for request in requests { reading.read(request.span) }
                reading.end()
            }
            for part in query.open.indices { query.settle(part, open, yes: reading.yes[part]) }
            return query.found(isWhole: true).nodes.map { Int($0) }
        }
    }

    /// What is told of a trace: the spans that satisfy the query, or those of which it is not known where none does.
    private static func expected(_ query: QueryExpression, _ trace: AssembledTrace) -> [Int] {
        let verdicts = QueryEvaluator(query).verdicts(in: trace)
        let certain = verdicts.indices.filter { verdicts[$0] == .yes }
        return certain.isEmpty ? verdicts.indices.filter { verdicts[$0] != .no } : certain
    }

    @Test(
        "10,000 random queries find in columns and what is read what they find in the assembled trace",
        arguments: 0..<50 as Range<UInt64>)
    func agreesWithEvaluator(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var found = 0
        for round in 0..<20 {
            let spans =
                Int.random(in: 0..<4, using: &generator) == 0
                ? RandomTrace.wholeSpans(using: &generator) : RandomTrace.spans(using: &generator)
            let sample = try Sample(spans, using: &generator)
            for _ in 0..<10 {
                let query = RandomQuery.expression(depth: Int.random(in: 0...4, using: &generator), using: &generator)
                let expected = Self.expected(query, sample.trace)
                let nodes = sample.found(query)
                guard nodes == expected else {
                    Issue.record("seed \(seed), round \(round): '\(query)' finds \(nodes), not \(expected)")
                    return
                }
                found += nodes.count
            }
        }
        // A test in which nothing is ever found would prove nothing.
        #expect(found > 100, "seed \(seed)")
    }

    /// gateway calls pay three times; the second call fails and has a retry among its events.
    private func sample() throws -> Sample {
        var generator = SeededGenerator(seed: 1)
        let base: UInt64 = 1_700_000_000_000_000_000
        func span(_ id: UInt64, _ parent: UInt64?, _ service: String, _ name: String, _ length: UInt64) -> SpanValue {
            SpanValue(
                traceID: RandomTrace.traceID, spanID: SpanID(value: id), parentSpanID: parent.map { SpanID(value: $0) },
                name: name, kind: .server, startUnixNano: base + id, endUnixNano: base + id + length,
                attributes: [Attribute("http.route", .string("/\(id)"))],
                resource: ResourceValue([Attribute("service.name", .string(service))]))
        }
        var spans = [span(1, nil, "gateway", "GET /", 900), span(2, 1, "pay", "charge", 100)]
        spans += [span(3, 1, "pay", "charge", 300), span(4, 1, "pay", "refund", 200)]
        spans[2].status = SpanStatus(.error, message: "declined")
        spans[2].events = [SpanEvent("retry", at: base)]
        return try Sample(spans, using: &generator)
    }

    @Test(
        "Only spans that change the answer are read",
        arguments: [
            ("service = pay", [1, 2, 3], 0), ("duration >= 200ns and status != error", [0, 3], 0),
            ("name =~ \"c.*\" or span_id = \"0000000000000001\"", [0, 1, 2], 0),
            ("child { status = error }", [0], 0), ("status_message = declined", [2], 0),
            ("http.route = \"/3\"", [2], 4), ("service = gateway and http.route = \"/1\"", [0], 1),
            ("event.name = retry", [2], 1), ("exists event.name", [2], 0),
            ("link.span_id = \"0000000000000001\"", [], 0),
            ("child { http.route = \"/4\" } and duration > 1us", [], 0),
            ("parent { http.route = \"/1\" } and name = refund", [3], 1),
            ("trace.spans > 4 and http.route = \"/1\"", [], 0),
            ("trace.spans = 4 or http.route = \"/1\"", [0, 1, 2, 3], 0),
            ("http.route = \"/2\" and ancestor { service = gateway }", [1], 3),
        ] as [(String, [Int], Int)])
    func readsLittle(query: String, nodes: [Int], reads: Int) throws {
        var read = 0
        let found = try sample().found(try QueryExpression(parsing: query, now: 0)) { read += $0 }
        #expect(found == nodes)
        #expect(read == reads)
    }

    @Test("What was not read is found only where it is certain nonetheless")
    func isPart() throws {
        let sample = try sample()
        let query = ShapeQuery(
            try QueryExpression(parsing: "http.route = \"/3\" or name = refund", now: 0), sample.shape)
        #expect(query.open.map(\.nodes.nodes) == [[0, 1, 2]])
        #expect(query.found(isWhole: false).nodes == [3])
    }

    @Test("A name that is too long for the columns is looked at as it came")
    func cutNames() throws {
        var generator = SeededGenerator(seed: 1)
        let name = String(repeating: "n", count: 1500)
        let spans = [name + "x", name + "y", String(repeating: "n", count: 1024)].enumerated().map { number, name in
            SpanValue(
                traceID: RandomTrace.traceID, spanID: SpanID(value: UInt64(number) + 1), name: name,
                startUnixNano: 1_700_000_000_000_000_000 + UInt64(number), endUnixNano: 1_700_000_000_000_000_009)
        }
        let sample = try Sample(spans, using: &generator)
        #expect(sample.found(try QueryExpression(parsing: "name = \"\(name)y\"", now: 0)) == [1])
        #expect(sample.found(try QueryExpression(parsing: "name = \"\(spans[2].name)\"", now: 0)) == [2])
        #expect(sample.found(try QueryExpression(parsing: "exists name", now: 0)) == [0, 1, 2])
    }
}
