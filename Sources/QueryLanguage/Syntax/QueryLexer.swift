/// Splits a query into tokens.
struct QueryLexer {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ query: String) { scalars = Array(query.unicodeScalars) }

    /// The last one is `end`.
    mutating func tokens() throws(SyntaxProblem) -> [QueryToken] {
        var tokens: [QueryToken] = []
        while true {
            while let scalar = peek, scalar.properties.isWhitespace { position += 1 }
            guard let scalar = peek else {
                tokens.append(QueryToken(kind: .end, range: position..<position))
                return tokens
            }
            tokens.append(try token(beginningWith: scalar))
        }
    }

    private mutating func token(beginningWith scalar: Unicode.Scalar) throws(SyntaxProblem) -> QueryToken {
        let start = position
        if scalar == "\"" || scalar == "'" { return try quotedText(endingWith: scalar) }
        if !isRange(at: position), QuerySpelling.isWord(scalar) {
            while position < scalars.count, QuerySpelling.isWord(scalars[position]), !isRange(at: position) {
                position += 1
            }
            let text = String(String.UnicodeScalarView(scalars[start..<position]))
            return QueryToken(kind: .word(text), range: start..<position)
        }
        try refuseMistakenOperator()
        for symbol in QueryToken.Symbol.allCases where scalars[start...].starts(with: symbol.rawValue.unicodeScalars) {
            position += symbol.rawValue.unicodeScalars.count
            return QueryToken(kind: .symbol(symbol), range: start..<position)
        }
        if ("\u{2018}"..."\u{201F}").contains(scalar) {
            throw SyntaxProblem(start, "'\(scalar)' is not a quotation mark here", hint: "use \" or '")
        }
        let shown = scalar.properties.generalCategory == .control ? "a control character" : "'\(scalar)'"
        throw SyntaxProblem(
            start, "\(shown) has no meaning here", hint: "put text that contains it into quotation marks")
    }

    private static let mistaken: [(String, meant: String)] = [
        ("===", "="), ("!==", "!="), ("=>", ">="), ("=<", "<="), ("~=", "=~"), ("~", "=~"),
    ]

    private func refuseMistakenOperator() throws(SyntaxProblem) {
        func isHere(_ text: String) -> Bool { scalars[position...].starts(with: text.unicodeScalars) }
        for (text, meant) in Self.mistaken where isHere(text) {
            throw SyntaxProblem(position, "'\(text)' is not an operator", hint: "did you mean '\(meant)'?")
        }
        for (text, meant) in [("&", "and"), ("|", "or")] where isHere(text) && !isHere(text + text) {
            throw SyntaxProblem(position, "'\(text)' is not an operator", hint: "did you mean '\(meant)'?")
        }
    }

    private mutating func quotedText(endingWith quote: Unicode.Scalar) throws(SyntaxProblem) -> QueryToken {
        let start = position
        position += 1
        var content = String.UnicodeScalarView()
        var offsets: [Int] = []
        var strayBackslash: Int?
        while let scalar = peek, scalar != quote {
            offsets.append(position)
            position += 1
            guard scalar == "\\" else {
                content.append(scalar)
                continue
            }
            if let escaped = try escapedScalar() {
                content.append(escaped)
            } else {
                strayBackslash = strayBackslash ?? position - 1
                content.append(scalar)
            }
        }
        guard peek != nil else {
            throw SyntaxProblem(start, "the text that begins here is never closed", hint: "add \(quote) at its end")
        }
        offsets.append(position)
        position += 1
        return QueryToken(
            kind: .quoted(String(content)), range: start..<position, contentOffsets: offsets,
            strayBackslash: strayBackslash)
    }

    /// Behind a backslash. Nil, and nothing read, if that stands for itself.
    private mutating func escapedScalar() throws(SyntaxProblem) -> Unicode.Scalar? {
        let start = position - 1
        let escapes: [Unicode.Scalar: Unicode.Scalar] = ["\"": "\"", "'": "'", "\\": "\\", "n": "\n", "t": "\t"]
        guard let scalar = peek else { return nil }
        if let plain = escapes[scalar] {
            position += 1
            return plain
        }
        guard scalar == "u" else { return nil }
        var end = position + 1
        var digits = ""
        if end < scalars.count, scalars[end] == "{" {
            end += 1
            while end < scalars.count, scalars[end].isASCII, scalars[end].properties.isASCIIHexDigit, digits.count < 8 {
                digits.unicodeScalars.append(scalars[end])
                end += 1
            }
        }
        guard end < scalars.count, scalars[end] == "}", let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value)
        else {
            throw SyntaxProblem(start, "'\\u' is not followed by a character's number", hint: "write '\\u{e9}' for é")
        }
        position = end + 1
        return scalar
    }

    private func isRange(at position: Int) -> Bool {
        position + 1 < scalars.count && scalars[position] == "." && scalars[position + 1] == "."
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }
}
