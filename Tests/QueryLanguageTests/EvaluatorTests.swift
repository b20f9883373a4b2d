import OTLP
import QueryLanguage
import Testing
import TraceAssembly
import TraceModel

private let traceID = TraceID(high: 1, low: 2)

private func span(
    _ id: UInt64, under parent: UInt64? = nil, service: String = "pay", name: String = "work",
    status: SpanStatus.Code = .unset, _ attributes: [Attribute] = []
) -> SpanValue {
    SpanValue(
        traceID: traceID, spanID: SpanID(value: id), parentSpanID: parent.map { SpanID(value: $0) }, name: name,
        startUnixNano: 1_700_000_000_000_000_000 + id, endUnixNano: 1_700_000_001_000_000_000, attributes: attributes,
        status: SpanStatus(status), resource: ResourceValue([Attribute("service.name", .string(service))]))
}

/// Verdicts in the order of the nodes: `y`, `n`, and the id of the missing span.
private func verdicts(_ query: String, _ spans: [SpanValue]) throws -> String {
    let evaluator = QueryEvaluator(try QueryExpression(parsing: query, now: 0))
    return evaluator.verdicts(in: assemble(spans, as: traceID)).map { verdict in
        switch verdict {
        case .yes: "y"
        case .no: "n"
        case .unknown(let id): "\(id.value)"
        }
    }.joined(separator: " ")
}

@Suite("What queries say of spans")
struct EvaluatorTests {
    private static let attributes: [Attribute] = [
        Attribute("code", .int(500)), Attribute("code", .int(404)), Attribute("ratio", .double(500)),
        Attribute("text", .string("500")), Attribute("big", .int(9_007_199_254_740_993)),
        Attribute("list", .array([.int(1), .array([.string("in")])])), Attribute("none", .empty),
        Attribute("nothing", .array([])),
        Attribute("map", .map([Attribute("a", .int(1)), Attribute("b.c", .bool(true))])),
        Attribute("maps", .array([.map([Attribute("k", .int(7))])])), Attribute("raw", .bytes([1, 2])),
        Attribute("nan", .double(.nan)),
    ]

    @Test(
        "A condition holds for the values that it means",
        arguments: [
            ("code = 500", true), ("code = 500.0", true), ("code = \"500\"", true), ("code = 404", true),
            ("code != 404", false),
            ("code != 500", false), ("absent != 1", false), ("not absent = 1", true), ("ratio = 500", true),
            ("text = 500", true),
            ("text > 499", true), ("text > \"4\"", true), ("code > \"4\"", false), ("big > 9007199254740992.0", true),
            ("big = 9007199254740993", true), ("big <= 9007199254740992", false), ("list = 1", true),
            ("list = \"in\"", true),
            ("list != 1", false), ("list != 2", true), ("exists none", true), ("none = \"\"", false),
            ("none != \"\"", true),
            ("exists nothing", true), ("nothing != 1", true), ("map.a = 1", true), ("map.b.c = true", true),
            ("exists map", true),
            ("map = 1", false), ("exists map.b", false), ("maps.k = 7", true), ("raw = \"AQI=\"", true),
            ("nan = NaN", true),
            ("nan > 0", false), ("code in 500..599", true), ("code in (1, 500)", true), ("code not in (1, 2)", true),
            ("absent not in (1)", false), ("code =~ \"5..\"", true), ("code !~ \"5..\"", false),
            ("absent !~ \".*\"", false),
            ("span.code = 500", true), ("resource.code = 500", false), ("service.name = pay", true),
            ("span.service.name = pay", false),
            ("exists status_message", false), ("exists parent_id", false), ("duration > 999ms", true),
            ("duration >= 1s", false),
            ("span_id = 0000000000000007", true), ("trace_id = 00000000000000010000000000000002", true), ("", true),
        ])
    func conditions(query: String, isFound: Bool) throws {
        #expect(try verdicts(query, [span(7, Self.attributes)]) == (isFound ? "y" : "n"))
    }

    @Test(
        "Relations look at the other spans, and say which one is missing",
        arguments: [
            // 1 > (2 > 3, 4), all there.
            (false, "parent { name = root }", "n y n y"), (false, "ancestor { name = root }", "n y y y"),
            (false, "child { status = error }", "n y n n"), (false, "descendant { status = error }", "y y n n"),
            (false, "child {}", "y y n n"), (false, "not parent {}", "y n n n"),
            (false, "parent { parent {} }", "n n y n"),
            // The same, and 5 under 9, which did not arrive.
            (true, "parent { name = root }", "n y n y n 9"), (true, "ancestor { name = root }", "n y y y n 9"),
            (true, "parent { span_id = 0000000000000009 }", "n n n n n y"), (true, "parent {}", "n y y y n y"),
            (true, "child { status = error }", "9 y 9 9 n n"), (true, "descendant { name = work }", "y y 9 9 n n"),
            (true, "trace.spans >= 6", "y y y y n y"), (true, "trace.spans > 6", "9 9 9 9 n 9"),
            (true, "trace.spans < 6", "n n n n n n"),
            (true, "trace.errors = 0", "n n n n n n"), (true, "trace.error = true", "y y y y n y"),
            (true, "trace.duration > 1ms", "y y y y n y"), (true, "trace.duration < 1h", "9 9 9 9 n 9"),
            (true, "trace.start > 2020-01-01", "9 9 9 9 n 9"), (true, "trace.root.name = root", "y y y y n y"),
            (true, "name = root and parent { name = x }", "n n n n n n"),
            (true, "child { trace.error = false }", "n n n n n n"),
        ])
    func relations(isIncomplete: Bool, query: String, expected: String) throws {
        var spans = [span(1, name: "root"), span(2, under: 1), span(3, under: 2, status: .error), span(4, under: 1)]
        if isIncomplete { spans.append(span(5, under: 9)) }
        #expect(try verdicts(query, spans) == expected)
    }

    @Test("A trace is found, not found, or depends on the missing span with the smallest id")
    func traceVerdicts() throws {
        func verdict(_ query: String) throws -> TraceVerdict {
            let trace = assemble([span(1), span(2, under: 8), span(3, under: 9)], as: traceID)
            return QueryEvaluator(try QueryExpression(parsing: query, now: 0)).verdict(of: trace)
        }
        #expect(try verdict("span_id = 0000000000000003") == .yes(matching: [4]))
        #expect(try verdict("service = other") == .no)
        #expect(try verdict("parent { service = other }") == .unknown(because: SpanID(value: 8)))
        #expect(
            try verdict("span_id = 0000000000000003 and parent { service = x }") == .unknown(because: SpanID(value: 9)))
    }
}
