/// A regular expression that a whole value must match. Two patterns are equal when they are written alike.
package struct QueryPattern: Sendable {
    package let source: String
    /// Texts that stand in every value that matches, in the order of their places.
    package let literals: [String]
    /// The text that every match begins with; empty if there is none.
    package let prefix: String
    /// The only text that matches, where the pattern is that simple.
    package let exactText: String?
    private let program: PatternProgram
    private let table: PatternTable?

    /// The error's column counts from the beginning of `source`.
    package init(_ source: String) throws(QuerySyntaxError) {
        do throws(SyntaxProblem) {
            try self.init(parsing: source)
        } catch {
            throw QuerySyntaxError(error, in: source)
        }
    }

    /// The problem's offset counts scalars.
    init(parsing source: String) throws(SyntaxProblem) {
        var parser = PatternParser(source)
        let node = try parser.parse()
        self.source = source
        let literals = node.literals
        self.literals = literals.runs
        prefix = literals.isPrefix ? literals.runs[0] : ""
        exactText = node.exactText
        program = try PatternProgram(node)
        table = PatternTable(program)
    }

    /// Takes time in proportion to the text's length. The text is UTF-8.
    package func matches(_ text: Span<UInt8>) -> Bool {
        table?.matches(text) ?? matchesWithoutTable(text)
    }

    package func matches(_ text: String) -> Bool { matches(text.utf8.span) }

    func matchesWithoutTable(_ text: Span<UInt8>) -> Bool {
        var states = PatternStates(of: program)
        var next = PatternStates(of: program)
        states.enter(program.start, of: program, atStart: true)
        for index in text.indices {
            states.advance(by: text[index], of: program, into: &next)
            swap(&states, &next)
            guard !states.members.isEmpty else { return false }
        }
        return states.matches(isAtStart: text.isEmpty, of: program, scratch: &next)
    }
}

extension QueryPattern: Hashable {
    package static func == (left: QueryPattern, right: QueryPattern) -> Bool { left.source == right.source }
    package func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
