package import QueryLanguage
import TraceSearch

extension SearchRequest {
    /// Reads `q`, `from`, `to`, `limit`, `cursor` and `timeout_ms`.
    init(_ parameters: QueryParameters, limits: QueryLimits, now: UInt64) throws(QueryError) {
        var cursor: SearchCursor?
        if let text = parameters["cursor"], !text.isEmpty {
            cursor = SearchCursor(text)
            guard cursor != nil else {
                throw QueryError(
                    400, "invalid_cursor", "the cursor '\(shortened(text))' is none of this collector's",
                    hint: "take it from the answer before, whole, or leave it out for the first page")
            }
        }
        try self.init(parameters["q"] ?? "", parameters, now: cursor?.now ?? now)
        self.cursor = cursor
        isDrawn = true
        limit = try parameters.integer("limit", in: 1...limits.maximumFound, usual: limits.usualFound)
        let milliseconds = try parameters.integer(
            "timeout_ms", in: 1...limits.maximumSearchMilliseconds, usual: limits.usualSearchMilliseconds)
        bounds.time = .milliseconds(milliseconds)
    }

    /// A query, and `from` and `to`.
    init(_ query: String, _ parameters: QueryParameters, now: UInt64) throws(QueryError) {
        let moment = Int64(clamping: now)
        do throws(QuerySyntaxError) {
            self.init(try QueryParser.parse(query, now: moment))
        } catch {
            throw QueryError(error)
        }
        self.now = now
        let from = try parameters.moment("from", now: moment) ?? 0
        let to = try parameters.moment("to", now: moment) ?? .max
        guard from <= to else {
            throw QueryError(
                400, "invalid_parameter", "'from' lies behind 'to', so nothing can be found", hint: "exchange the two")
        }
        started = from...to
    }
}

extension QueryParameters {
    /// A moment as queries write it: RFC 3339, Unix seconds or smaller units, or `now-15m`. Nil when it is missing.
    func moment(_ name: String, now: Int64) throws(QueryError) -> UInt64? {
        guard let text = self[name], !text.isEmpty else { return nil }
        if text.utf8.count <= 64,
            case .comparison(_, _, .integer(let moment))? = try? QueryParser.parse("start = \(text)", now: now)
        {
            return UInt64(clamping: moment)
        }
        throw QueryError(
            400, "invalid_parameter", "'\(name)' is '\(shortened(text))'",
            hint: "give a time such as 2026-01-31T10:00:00Z, now-15m or Unix seconds")
    }
}

extension QueryError {
    package init(_ error: QuerySyntaxError) {
        self.init(
            400, "invalid_query", "column \(error.column): \(error.message)",
            hint: error.hint ?? "see the query language in docs/QueryLanguage.md")
        column = error.column
    }

    static let foreignCursor = QueryError(
        400, "invalid_cursor", "the cursor belongs to another query or another time range",
        hint: "repeat the query that it came with, or leave it out for the first page")
}
