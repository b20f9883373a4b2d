/// What is wrong with the text of a query, where, and what to write instead.
package struct QuerySyntaxError: Error, Hashable, Sendable {
    package var query: String
    /// The character at which it is wrong, counted from 1; one past the last where something is missing at the end.
    package var column: Int
    package var message: String
    package var hint: String?

    package init(query: String, column: Int, message: String, hint: String? = nil) {
        self.query = query
        self.column = column
        self.message = message
        self.hint = hint
    }
}
