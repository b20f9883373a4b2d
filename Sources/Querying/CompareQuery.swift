import QueryLanguage
import TraceModel

/// What `/api/v1/compare` is asked for: two traces, or two populations.
enum CompareQuery {
    case traces(TraceID, TraceID)
    case populations(a: String, b: String)

    init(_ parameters: QueryParameters) throws(QueryError) {
        guard let a = parameters["a"], let b = parameters["b"] else {
            throw QueryError(
                400, "invalid_parameter", "'\(parameters["a"] == nil ? "a" : "b")' is missing",
                hint: "give two trace ids, or two queries, as 'a' and 'b'")
        }
        switch (Self.traceID(a), Self.traceID(b)) {
        case (let first?, let second?): self = .traces(first, second)
        case (nil, nil): self = .populations(a: a, b: b)
        case (let first, _):
            throw QueryError(
                400, "invalid_parameter",
                "'\(first == nil ? "b" : "a")' is a trace id and '\(first == nil ? "a" : "b")' is a query",
                hint: "compare two traces, or two queries; the query for one trace is trace_id = ID")
        }
    }

    private static func traceID(_ text: String) -> TraceID? {
        let digits = text.utf8.count
        guard digits == 16 || digits == 32 else { return nil }
        let id = TraceID(hex: digits == 16 ? String(repeating: "0", count: 16) + text : text)
        return id.flatMap { $0.isZero ? nil : $0 }
    }
}
