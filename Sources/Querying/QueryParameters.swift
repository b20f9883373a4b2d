import HTTP

/// The part of a URL behind the question mark. The first of several equal names counts.
struct QueryParameters {
    private let query: QueryString
    private var hidden: Set<String> = []

    init(_ text: String) { query = QueryString(text) }

    subscript(name: String) -> String? { hidden.contains(name) ? nil : query[name] }

    /// What else is there.
    func without(_ names: String...) -> QueryParameters {
        var rest = self
        rest.hidden.formUnion(names)
        return rest
    }

    /// A whole number within `range`, or `usual` when the parameter is missing.
    func integer(_ name: String, in range: ClosedRange<Int>, usual: Int) throws(QueryError) -> Int {
        guard let text = self[name] else { return usual }
        guard let value = Int(text), range.contains(value) else {
            throw QueryError(
                400, "invalid_parameter", "'\(name)' is '\(shortened(text))'",
                hint: "give a whole number from \(range.lowerBound) to \(range.upperBound), or leave it out")
        }
        return value
    }
}

/// What of a client's text goes into a message.
func shortened(_ text: some StringProtocol) -> String {
    text.unicodeScalars.count <= 80 ? String(text) : String(text.prefix(77)) + "..."
}
