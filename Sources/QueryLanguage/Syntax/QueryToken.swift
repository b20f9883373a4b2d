/// One token of a query. Offsets count Unicode scalars.
struct QueryToken {
    enum Kind: Equatable {
        /// Without quotes: a key, a keyword, a number or a text.
        case word(String)
        /// Its content without quotes, with escapes resolved.
        case quoted(String)
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, CaseIterable {
        case openParenthesis = "("
        case closeParenthesis = ")"
        case openBrace = "{"
        case closeBrace = "}"
        case comma = ","
        case range = ".."
        case star = "*"
        case doubleEqual = "=="
        case notEqual = "!="
        case unequal = "<>"
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case match = "=~"
        case noMatch = "!~"
        case and = "&&"
        case or = "||"
        case equal = "="
        case less = "<"
        case greater = ">"
        case not = "!"

        var comparison: Comparison? {
            switch self {
            case .equal, .doubleEqual: .equal
            case .notEqual, .unequal: .notEqual
            case .less: .less
            case .lessOrEqual: .lessOrEqual
            case .greater: .greater
            case .greaterOrEqual: .greaterOrEqual
            default: nil
            }
        }
    }

    var kind: Kind
    var range: Range<Int>
    /// For quoted text: where each scalar of the content stands, and the closing quote at last.
    var contentOffsets: [Int] = []
    /// For quoted text: where the first backslash is that stands for itself, because what follows it is no escape. Patterns
    /// may have some.
    var strayBackslash: Int?

    /// How an error names it.
    var shown: String {
        switch kind {
        case .word(let text): "'\(text)'"
        case .quoted(let text): QuerySpelling.quoted(text)
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        case .end: "the end of the query"
        }
    }

    /// A word in small letters; keywords are compared so.
    var keyword: String? {
        if case .word(let text) = kind { text.lowercased() } else { nil }
    }

    func isSymbol(_ symbol: Symbol) -> Bool { kind == .symbol(symbol) }
}
