package import HTTP
package import QueryLanguage
import TraceSearch

/// What one tail asks for.
package struct TailQuestion: Sendable {
    package let expression: QueryExpression

    package init(_ expression: QueryExpression) { self.expression = expression }

    /// Reads the query of `/api/v1/tail`.
    ///
    /// - Parameter now: Unix nanoseconds; times in the query are relative to it.
    package init(_ head: RequestHead, now: UInt64) throws(QueryError) {
        guard head.method == "GET" || head.method == "HEAD" else {
            throw QueryError(
                405, "method_not_allowed", "'\(shortened(head.method))' is not possible at '\(shortened(head.path))'",
                hint: "use GET", allow: "GET, HEAD")
        }
        do throws(QuerySyntaxError) {
            expression = try QueryParser.parse(QueryParameters(head.query)["q"] ?? "", now: Int64(clamping: now))
        } catch {
            throw QueryError(error)
        }
    }
}
