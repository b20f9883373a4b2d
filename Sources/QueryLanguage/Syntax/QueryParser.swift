/// Reads a query.
///
///     query     = [either]
///     either    = both { ("or" | "||") both }
///     both      = term { ("and" | "&&") term }
///     term      = ("not" | "!") term | "(" either ")" | "*" | "exists" field | relation "{" [either] "}" | field test
///     test      = comparison value | ("=~" | "!~") text | ["not"] "in" ( "(" value { "," value } ")" | value ".." value )
///     field     = word | text | scope "." text
package struct QueryParser {
    package static let maximumBytes = 16_384
    /// Of parentheses, braces and `not`.
    package static let maximumDepth = 64
    package static let maximumTerms = 256
    package static let maximumListed = 1_000
    /// Each keeps something for each span of a trace while that is evaluated.
    package static let maximumRelations = 32

    private let now: Int64
    private var tokens: [QueryToken] = []
    private var index = 0
    private var depth = 0
    private var terms = 0
    private var relations = 0

    /// `now` is what the word stands for, in Unix nanoseconds.
    package static func parse(_ query: String, now: Int64) throws(QuerySyntaxError) -> QueryExpression {
        do throws(SyntaxProblem) {
            guard query.utf8.count <= maximumBytes else {
                throw SyntaxProblem(
                    0, "the query has \(query.utf8.count) bytes, more than \(maximumBytes)",
                    hint: "ask in several parts")
            }
            var lexer = QueryLexer(query)
            var parser = QueryParser(try lexer.tokens(), now: now)
            return try parser.parseAll()
        } catch {
            throw QuerySyntaxError(error, in: query)
        }
    }

    private init(_ tokens: [QueryToken], now: Int64) {
        self.tokens = tokens
        self.now = now
    }

    private mutating func parseAll() throws(SyntaxProblem) -> QueryExpression {
        if token.kind == .end { return .everything }
        let expression = try parseEither()
        guard token.kind == .end else { throw unexpected() }
        return expression
    }

    // MARK: Connectives

    private mutating func parseEither() throws(SyntaxProblem) -> QueryExpression {
        var members = [try parseBoth()]
        while takeKeyword("or", or: .or) { members.append(try parseBoth()) }
        return members.count == 1 ? members[0] : .or(members)
    }

    private mutating func parseBoth() throws(SyntaxProblem) -> QueryExpression {
        var members = [try parseTerm()]
        while takeKeyword("and", or: .and) { members.append(try parseTerm()) }
        return members.count == 1 ? members[0] : .and(members)
    }

    private mutating func parseTerm() throws(SyntaxProblem) -> QueryExpression {
        let start = token
        if takeKeyword("not", or: .not) {
            try descend(at: start)
            defer { depth -= 1 }
            return .not(try parseTerm())
        }
        if take(.openParenthesis) {
            try descend(at: start)
            defer { depth -= 1 }
            if token.isSymbol(.closeParenthesis) {
                throw SyntaxProblem(token.range.lowerBound, "there is nothing between the parentheses")
            }
            let inner = try parseEither()
            guard take(.closeParenthesis) else { throw unclosed(start, .closeParenthesis) }
            return inner
        }
        if let word = start.keyword, let relation = Relation(rawValue: word), next.isSymbol(.openBrace) {
            index += 1
            relations += 1
            guard relations <= Self.maximumRelations else {
                throw SyntaxProblem(
                    start.range.lowerBound, "the query has more than \(Self.maximumRelations) relations")
            }
            return .related(relation, try parseBraces())
        }
        terms += 1
        guard terms <= Self.maximumTerms else {
            throw SyntaxProblem(start.range.lowerBound, "the query has more than \(Self.maximumTerms) conditions")
        }
        if take(.star) { return .everything }
        if start.keyword == "exists" {
            index += 1
            return .exists(try parseField(after: "'exists'"))
        }
        return try parseCondition()
    }

    private mutating func parseBraces() throws(SyntaxProblem) -> QueryExpression {
        let start = token
        index += 1
        try descend(at: start)
        defer { depth -= 1 }
        if take(.closeBrace) { return .everything }
        let inner = try parseEither()
        guard take(.closeBrace) else { throw unclosed(start, .closeBrace) }
        return inner
    }

    private mutating func descend(at token: QueryToken) throws(SyntaxProblem) {
        guard depth < Self.maximumDepth else {
            throw SyntaxProblem(
                token.range.lowerBound, "the query is nested more than \(Self.maximumDepth) deep",
                hint: "leave out parentheses that are not needed")
        }
        depth += 1
    }

    // MARK: Fields

    private mutating func parseField(after what: String?) throws(SyntaxProblem) -> QueryField {
        let start = token
        switch start.kind {
        case .quoted(let key):
            try refuseStrayBackslash(start)
            index += 1
            return .attribute(.any, key: key)
        case .word(let word):
            if let field = try field(named: word, start) { return field }
        case .symbol, .end: break
        }
        let subject = what.map { "a field is missing after \($0)" } ?? "a condition is missing"
        var hint: String?
        if case .word(let word) = start.kind { hint = "'\(word)' is a keyword; as the key of an attribute, quote it" }
        throw SyntaxProblem(start.range.lowerBound, "\(subject): \(start.shown) is none", hint: hint)
    }

    /// Nil for a keyword.
    private mutating func field(named word: String, _ start: QueryToken) throws(SyntaxProblem) -> QueryField? {
        guard !QuerySpelling.keywords.contains(word.lowercased()) else { return nil }
        let offset = start.range.lowerBound
        let scope = AttributeScope.allCases.first { scope in scope.word.map { word.hasPrefix($0) } ?? false }
        if let scope, word == scope.word, case .quoted(let key) = next.kind,
            next.range.lowerBound == start.range.upperBound
        {
            try refuseStrayBackslash(next)
            index += 2
            return .attribute(scope, key: key)
        }
        if let known = FieldWords.known[word] {
            index += 1
            return known
        }
        if let scope, let prefix = scope.word {
            let key = String(word.dropFirst(prefix.count))
            guard !key.isEmpty else {
                throw SyntaxProblem(start.range.upperBound, "the key is missing behind '\(word)'")
            }
            index += 1
            return .attribute(scope, key: key)
        }
        if word.hasPrefix("trace.") {
            throw SyntaxProblem(
                offset, "'\(word)' is no property of a trace: there are \(Spelling.list(FieldWords.ofTrace))",
                hint: Spelling.nearest(to: word, in: FieldWords.ofTrace).map { "did you mean '\($0)'?" })
        }
        if let relation = Relation.allCases.first(where: { word.hasPrefix($0.rawValue + ".") }) {
            let rest = word.dropFirst(relation.rawValue.count + 1)
            throw SyntaxProblem(
                offset, "'\(word)' is no field",
                hint: "write '\(relation.rawValue) { \(rest) … }', or \(QuerySpelling.quoted(word)) for the attribute")
        }
        if let meant = FieldWords.nearMiss(word) {
            throw SyntaxProblem(
                offset, "'\(word)' is no field",
                hint: "did you mean '\(meant)'? For an attribute of that name, write \(QuerySpelling.quoted(word))")
        }
        if Relation(rawValue: word) != nil, !isTest(next) {
            throw SyntaxProblem(next.range.lowerBound, "'{' is missing behind '\(word)'")
        }
        index += 1
        return .attribute(.any, key: word)
    }

    private func isTest(_ token: QueryToken) -> Bool {
        if case .symbol(let symbol) = token.kind {
            return symbol.comparison != nil || symbol == .match || symbol == .noMatch
        }
        return token.keyword == "in" || token.keyword == "not"
    }

    private func refuseStrayBackslash(_ token: QueryToken) throws(SyntaxProblem) {
        guard let stray = token.strayBackslash else { return }
        throw SyntaxProblem(
            stray, "this is no escape; known are \\\" \\' \\\\ \\n \\t and \\u{…}", hint: "write '\\\\' for a backslash"
        )
    }

    // MARK: Conditions

    private mutating func parseCondition() throws(SyntaxProblem) -> QueryExpression {
        let start = token
        let field = try parseField(after: nil)
        let name = QuerySpelling.text(of: field)
        let kind = ValueKind(of: field)
        let operation = token
        if case .symbol(let symbol) = operation.kind {
            if let comparison = symbol.comparison {
                index += 1
                if comparison.isOrdering, !kind.hasOrder {
                    throw SyntaxProblem(
                        operation.range.lowerBound,
                        "'\(symbol.rawValue)' means nothing for \(name), which has no order",
                        hint: "use = != in or not in")
                }
                let reader = ValueReader(kind: kind, field: name, now: now, isOrdering: comparison.isOrdering)
                return .comparison(field, comparison, try parseValue(with: reader, after: operation))
            }
            if symbol == .match || symbol == .noMatch {
                index += 1
                guard kind.hasText else {
                    throw SyntaxProblem(
                        operation.range.lowerBound, "'\(symbol.rawValue)' means nothing for \(name), which is no text",
                        hint: "use = != < <= > >= or in")
                }
                let matches = QueryExpression.matches(field, try parsePattern(after: operation))
                return symbol == .match ? matches : .and([.exists(field), .not(matches)])
            }
        }
        if operation.keyword == "in" {
            index += 1
            return try parseMembership(of: field, kind, name)
        }
        if operation.keyword == "not", next.keyword == "in" {
            index += 2
            return .and([.exists(field), .not(try parseMembership(of: field, kind, name))])
        }
        throw missingTest(of: start)
    }

    private func missingTest(of field: QueryToken) -> SyntaxProblem {
        var hint = "write '\(text(field)) = …', or 'exists \(text(field))'"
        switch token.keyword {
        case "is", "equals", "eq": hint = "did you mean '='?"
        case "ne": hint = "did you mean '!='?"
        case "gt": hint = "did you mean '>'?"
        case "lt": hint = "did you mean '<'?"
        case "ge", "gte": hint = "did you mean '>='?"
        case "le", "lte": hint = "did you mean '<='?"
        case "like", "matches", "contains": hint = "did you mean '=~', as in '\(text(field)) =~ \".*word.*\"'?"
        case "between": hint = "did you mean 'in', as in '\(text(field)) in 1..2'?"
        default:
            if case .word(let word) = field.kind, let colon = word.firstIndex(of: ":"), colon > word.startIndex {
                hint = "did you mean '\(word[..<colon]) = …'?"
            }
        }
        return SyntaxProblem(
            token.range.lowerBound, "a comparison is missing behind \(field.shown): \(token.shown) is none", hint: hint)
    }

    private func text(_ token: QueryToken) -> String {
        switch token.kind {
        case .word(let word): word
        case .quoted(let content): QuerySpelling.quoted(content)
        case .symbol(let symbol): symbol.rawValue
        case .end: ""
        }
    }

    private mutating func parseValue(
        with reader: ValueReader, after before: QueryToken
    ) throws(SyntaxProblem) -> QueryValue {
        let start = token
        var isValue = false
        var hint: String?
        switch start.kind {
        case .quoted: isValue = true
        case .word(let word):
            let lowered = word.lowercased()
            isValue = !QuerySpelling.keywords.contains(lowered) || lowered == "true" || lowered == "false"
            if !isValue { hint = "'\(word)' is a keyword; as a text, put it into quotation marks" }
        case .symbol, .end: break
        }
        guard isValue else {
            throw SyntaxProblem(
                start.range.lowerBound, "a value is missing after \(before.shown): \(start.shown) is none", hint: hint)
        }
        index += 1
        return try reader.read(start)
    }

    private mutating func parsePattern(after before: QueryToken) throws(SyntaxProblem) -> QueryPattern {
        let start = token
        switch start.kind {
        case .quoted(let source):
            index += 1
            do throws(SyntaxProblem) {
                return try QueryPattern(parsing: source)
            } catch {
                let place = min(max(0, error.offset), start.contentOffsets.count - 1)
                throw SyntaxProblem(start.contentOffsets[place], error.message, hint: error.hint)
            }
        case .word(let source) where !QuerySpelling.keywords.contains(source.lowercased()):
            index += 1
            do throws(SyntaxProblem) {
                return try QueryPattern(parsing: source)
            } catch {
                throw SyntaxProblem(start.range.lowerBound + error.offset, error.message, hint: error.hint)
            }
        default:
            throw SyntaxProblem(
                start.range.lowerBound, "a pattern is missing after \(before.shown): \(start.shown) is none",
                hint: "put the pattern into quotation marks")
        }
    }

    private mutating func parseMembership(
        of field: QueryField, _ kind: ValueKind, _ name: String
    ) throws(SyntaxProblem) -> QueryExpression {
        let start = token
        if take(.openParenthesis) {
            let reader = ValueReader(kind: kind, field: name, now: now, isOrdering: false)
            var values: [QueryValue] = []
            var before = start
            repeat {
                guard values.count < Self.maximumListed else {
                    throw SyntaxProblem(token.range.lowerBound, "'in' lists more than \(Self.maximumListed) values")
                }
                values.append(try parseValue(with: reader, after: before))
                before = token
            } while take(.comma)
            guard take(.closeParenthesis) else {
                if token.kind == .end { throw unclosed(start, .closeParenthesis) }
                throw SyntaxProblem(token.range.lowerBound, "',' or ')' is missing before \(token.shown)")
            }
            return .isIn(field, values)
        }
        let before = tokens[index - 1]
        let reader = ValueReader(kind: kind, field: name, now: now, isOrdering: true)
        if token.isSymbol(.range) {
            throw SyntaxProblem(
                start.range.lowerBound, "a range needs both ends", hint: "use >= or <= where one end is open")
        }
        let first = try parseValue(with: reader, after: before)
        let range = token
        guard take(.range) else {
            throw SyntaxProblem(
                range.range.lowerBound, "'..' is missing behind \(start.shown)",
                hint: "write '\(name) in (a, b)' for a list, '\(name) in 1..2' for a range")
        }
        guard kind.hasOrder else {
            throw SyntaxProblem(
                range.range.lowerBound, "a range means nothing for \(name), which has no order", hint: "use in (a, b)")
        }
        let last = try parseValue(with: reader, after: range)
        try check(first, last, from: start)
        return .range(field, first, last)
    }

    private func check(_ first: QueryValue, _ last: QueryValue, from start: QueryToken) throws(SyntaxProblem) {
        let place = start.range.lowerBound
        if case .text(let first) = first, case .text(let last) = last {
            guard !last.utf8.lexicographicallyPrecedes(first.utf8) else {
                throw SyntaxProblem(place, "the range ends before it begins", hint: "swap its ends")
            }
            return
        }
        guard let low = QueryNumber(first), let high = QueryNumber(last) else {
            throw SyntaxProblem(place, "the ends of a range are two numbers or two texts")
        }
        guard low <= high else {
            throw SyntaxProblem(place, "the range ends before it begins", hint: "swap its ends")
        }
    }

    // MARK: Tokens

    private var token: QueryToken { tokens[index] }
    private var next: QueryToken { tokens[min(index + 1, tokens.count - 1)] }

    private mutating func take(_ symbol: QueryToken.Symbol) -> Bool {
        guard token.isSymbol(symbol) else { return false }
        index += 1
        return true
    }

    private mutating func takeKeyword(_ word: String, or symbol: QueryToken.Symbol) -> Bool {
        guard token.keyword == word || token.isSymbol(symbol) else { return false }
        index += 1
        return true
    }

    private func unexpected() -> SyntaxProblem {
        let place = token.range.lowerBound
        if token.isSymbol(.closeParenthesis) { return SyntaxProblem(place, "')' without '('") }
        if token.isSymbol(.closeBrace) { return SyntaxProblem(place, "'}' without '{'") }
        return SyntaxProblem(
            place, "'and' or 'or' is missing before \(token.shown)", hint: hintForJoining())
    }

    private func hintForJoining() -> String? {
        if case .word = token.kind, index > 0, case .word = tokens[index - 1].kind {
            return "a text of several words needs quotation marks"
        }
        return nil
    }

    /// Something else stands where a parenthesis or brace should be closed.
    private func unclosed(_ opening: QueryToken, _ closing: QueryToken.Symbol) -> SyntaxProblem {
        guard token.kind == .end else {
            if token.isSymbol(.closeParenthesis) || token.isSymbol(.closeBrace) {
                return SyntaxProblem(
                    token.range.lowerBound, "\(token.shown) does not close \(opening.shown)",
                    hint: "close it with '\(closing.rawValue)' first")
            }
            return unexpected()
        }
        return SyntaxProblem(
            opening.range.lowerBound, "\(opening.shown) is never closed", hint: "add '\(closing.rawValue)'")
    }
}

extension QueryExpression {
    /// Reads a query; `now` is what that word stands for, in Unix nanoseconds.
    package init(parsing query: String, now: Int64) throws(QuerySyntaxError) {
        self = try QueryParser.parse(query, now: now)
    }
}
