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

    /// The problem's offset counts the query's scalars.
    init(_ problem: SyntaxProblem, in query: String) {
        let before = String(String.UnicodeScalarView(query.unicodeScalars.prefix(problem.offset)))
        self.init(
            query: query, column: min(before.count, query.count) + 1, message: problem.message, hint: problem.hint)
    }
}

extension QuerySyntaxError: CustomStringConvertible {
    private static let shownCharacters = 100

    /// The message, the line of the query in question with a caret under the column, and the hint.
    package var description: String {
        let characters = Array(query)
        let place = min(max(0, column - 1), characters.count)
        var first = characters[..<place].lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0
        var end = characters[place...].firstIndex(where: \.isNewline) ?? characters.count
        first = max(first, place - Self.shownCharacters / 2)
        end = min(end, first + Self.shownCharacters)
        // What would move the cursor or take no column must not shift the caret.
        let line = characters[first..<end].map { character in
            character.unicodeScalars.contains { $0.properties.generalCategory == .control } ? " " : character
        }
        var text = "query, column \(column): \(message)\n"
        text += "  " + String(line) + "\n"
        text += "  " + String(repeating: " ", count: place - first) + "^"
        if let hint { text += "\n" + hint }
        return text
    }
}
