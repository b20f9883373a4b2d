import QueryLanguage
import Testing

private func parsed(_ query: String) throws -> QueryExpression {
    // 2026-01-01T00:00:00Z
    try QueryExpression(parsing: query, now: 1_767_225_600_000_000_000)
}

private func has(_ key: String, _ value: QueryValue, _ scope: AttributeScope = .any) -> QueryExpression {
    .comparison(.attribute(scope, key: key), .equal, value)
}

private let service = QueryExpression.comparison(.span(.service), .equal, .text("pay"))

@Suite("The grammar of queries")
struct GrammarTests {
    @Test(
        "Each form has its tree",
        arguments: [
            ("", .everything), ("  \n ", .everything), ("*", .everything),
            ("service = pay", service), ("service=\"pay\"", service), ("service == 'pay'", service),
            ("(((service = pay)))", service),
            (
                "service = \"pay\" and duration > 2s and (status = error or user.id = \"42\")",
                .and([
                    service, .comparison(.span(.duration), .greater, .integer(2_000_000_000)),
                    .or([.comparison(.span(.status), .equal, .text("error")), has("user.id", .text("42"))]),
                ])
            ),
            (
                "a = 1 or b = 2 and c = 3",
                .or([has("a", .integer(1)), .and([has("b", .integer(2)), has("c", .integer(3))])])
            ),
            (
                "a = 1 || b = 2 && c = 3",
                .or([has("a", .integer(1)), .and([has("b", .integer(2)), has("c", .integer(3))])])
            ),
            (
                "a = 1 AND (b = 2 And c = 3)",
                .and([has("a", .integer(1)), .and([has("b", .integer(2)), has("c", .integer(3))])])
            ),
            ("not a = 1 and b = 2", .and([.not(has("a", .integer(1))), has("b", .integer(2))])),
            ("!(a = 1)", .not(has("a", .integer(1)))), ("NOT NOT a=1", .not(.not(has("a", .integer(1))))),
            ("not exists db.system", .not(.exists(.attribute(.any, key: "db.system")))),
            (
                "http.status_code in 500..599",
                .range(.attribute(.any, key: "http.status_code"), .integer(500), .integer(599))
            ),
            ("duration in 1s..2.5s", .range(.span(.duration), .integer(1_000_000_000), .integer(2_500_000_000))),
            ("x in (\"a\", b, 3)", .isIn(.attribute(.any, key: "x"), [.text("a"), .text("b"), .integer(3)])),
            (
                "x not in (1)",
                .and([.exists(.attribute(.any, key: "x")), .not(.isIn(.attribute(.any, key: "x"), [.integer(1)]))])
            ),
            ("x <> 1", .comparison(.attribute(.any, key: "x"), .notEqual, .integer(1))),
            ("x >= 1.5", .comparison(.attribute(.any, key: "x"), .greaterOrEqual, .decimal(1.5))),
            ("span.http.method = GET", has("http.method", .text("GET"), .span)),
            ("resource.k8s.pod.name = x", has("k8s.pod.name", .text("x"), .resource)),
            ("event.exception.type = E", has("exception.type", .text("E"), .event)),
            ("event.name = exception", .comparison(.span(.eventName), .equal, .text("exception"))),
            (
                "link.trace_id = 00000000000000AB",
                .comparison(.span(.linkTraceID), .equal, .text("000000000000000000000000000000ab"))
            ),
            ("scope.name = lib", .comparison(.span(.scopeName), .equal, .text("lib"))),
            ("\"weird key\" = 1", has("weird key", .integer(1))), ("span.\"name\" = x", has("name", .text("x"), .span)),
            ("span.name = x", .comparison(.span(.name), .equal, .text("x"))),
            ("operation = \"GET /\"", .comparison(.span(.name), .equal, .text("GET /"))),
            ("kind = SERVER", .comparison(.span(.kind), .equal, .text("server"))),
            ("trace.duration > 2s", .comparison(.trace(.duration), .greater, .integer(2_000_000_000))),
            ("trace.spans > 100", .comparison(.trace(.spanCount), .greater, .integer(100))),
            ("trace.services >= 3", .comparison(.trace(.serviceCount), .greaterOrEqual, .integer(3))),
            ("trace.errors > 0", .comparison(.trace(.errorCount), .greater, .integer(0))),
            ("trace.root.name = \"GET /\"", .comparison(.trace(.rootName), .equal, .text("GET /"))),
            ("trace.root.service = a", .comparison(.trace(.rootService), .equal, .text("a"))),
            ("trace.error = true", .comparison(.trace(.hasError), .equal, .bool(true))),
            ("parent { service = pay }", .related(.parent, service)), ("child {}", .related(.child, .everything)),
            ("ancestor{descendant{service=pay}}", .related(.ancestor, .related(.descendant, service))),
            ("parent = 5", has("parent", .integer(5))),
            ("s = \"a\\\"\\\\\\n\\t\\u{e9}'\"", has("s", .text("a\"\\\n\té'"))),
        ] as [(String, QueryExpression)])
    func trees(query: String, tree: QueryExpression) throws {
        #expect(try parsed(query) == tree)
        #expect(try parsed("\(tree)") == tree)
    }

    @Test(
        "Values of attributes are what they look like",
        arguments: [
            ("500", .integer(500)), ("-5", .integer(-5)), ("500.0", .decimal(500)), ("1e3", .decimal(1000)),
            (".5", .decimal(0.5)), ("007", .text("007")), ("+7", .text("+7")),
            ("99999999999999999999", .text("99999999999999999999")),
            ("true", .bool(true)), ("FALSE", .bool(false)), ("\"true\"", .text("true")), ("\"5\"", .text("5")),
            ("pay-api", .text("pay-api")), ("/a/b", .text("/a/b")), ("4bf92f3577b34da6", .text("4bf92f3577b34da6")),
            ("10.0.0.7", .text("10.0.0.7")), ("näme", .text("näme")), ("a@b.c:80", .text("a@b.c:80")),
            ("1ns", .integer(1)), ("2us", .integer(2_000)), ("2µs", .integer(2_000)), ("3ms", .integer(3_000_000)),
            ("1.5s", .integer(1_500_000_000)), ("1m", .integer(60_000_000_000)), ("1h", .integer(3_600_000_000_000)),
            ("1d", .integer(86_400_000_000_000)), ("7B", .integer(7)), ("1KB", .integer(1_000)),
            ("10KiB", .integer(10_240)), ("5MB", .integer(5_000_000)), ("1MiB", .integer(1_048_576)),
            ("1GB", .integer(1_000_000_000)), ("0.5GiB", .integer(536_870_912)),
        ] as [(String, QueryValue)])
    func values(text: String, value: QueryValue) throws {
        #expect(try parsed("x = \(text)") == has("x", value))
    }

    @Test(
        "Moments are read in several forms",
        arguments: [
            ("2026-01-01", 1_767_225_600_000_000_000), ("2026-01-01T00:00", 1_767_225_600_000_000_000),
            ("2026-01-01T10:00:00Z", 1_767_261_600_000_000_000),
            ("\"2026-01-01T12:00:00+02:00\"", 1_767_261_600_000_000_000),
            ("2024-02-29T23:59:59.000000001Z", 1_709_251_199_000_000_001), ("1969-12-31T23:59:59.5Z", -500_000_000),
            ("1767225600", 1_767_225_600_000_000_000), ("1767225600000", 1_767_225_600_000_000_000),
            ("1767225600000000", 1_767_225_600_000_000_000), ("1767225600000000001", 1_767_225_600_000_000_001),
            ("now", 1_767_225_600_000_000_000), ("now-15m", 1_767_224_700_000_000_000),
            ("now+1s", 1_767_225_601_000_000_000),
        ] as [(String, Int64)])
    func moments(text: String, nanoseconds: Int64) throws {
        let query = QueryExpression.comparison(.span(.start), .greater, .integer(nanoseconds))
        #expect(try parsed("start > \(text)") == query)
        #expect(try parsed("\(query)") == query)
    }

    @Test("What is as large as it may be is read")
    func limits() throws {
        let deep = String(repeating: "(", count: 64) + "a=1" + String(repeating: ")", count: 64)
        #expect(try parsed(deep) == has("a", .integer(1)))
        let many = try parsed(Array(repeating: "a=1", count: 256).joined(separator: " or "))
        #expect(many == .or(Array(repeating: has("a", .integer(1)), count: 256)))
        let listed = try parsed("a in (" + Array(repeating: "1", count: 1_000).joined(separator: ",") + ")")
        #expect(listed == .isIn(.attribute(.any, key: "a"), Array(repeating: .integer(1), count: 1_000)))
    }

    @Test("Patterns may keep the backslash of what is no escape")
    func patternBackslashes() throws {
        #expect(try parsed(#"x =~ "\d+\.""#) == parsed(#"x =~ "\\d+\\.""#))
        #expect("\(try parsed(#"x !~ '\d'"#))" == #"x !~ "\\d""#)
    }

    @Test("The vocabulary completes the beginnings of words")
    func vocabulary() {
        #expect(QueryVocabulary.conditions(beginningWith: "st").map(\.text) == ["status", "status_message", "start"])
        #expect(QueryVocabulary.conditions(beginningWith: "par").map(\.text) == ["parent_id", "parent {"])
        #expect(QueryVocabulary.values(of: .span(.status)) == ["unset", "ok", "error"])
        #expect(QueryVocabulary.durationUnits == ["ns", "us", "ms", "s", "m", "h", "d"])
    }
}
