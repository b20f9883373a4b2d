// Statements that name a forbidden column: `INSERT INTO users (name, password) VALUES ('a', 'secret')`. Which of the strings is
// the secret is not worked out: all of them go.

extension SecretFinder {
    mutating func addSQLLiterals(_ text: Span<UInt8>, _ rule: Int) {
        guard isStatement(text) else { return }
        if let escaped = firstEscapedQuote(text) {
            // Whether a backslash escapes depends on the database. All from the first quote to the last goes, whichever it is.
            let first = (0..<escaped).first { Self.isQuote(text[$0]) } ?? escaped
            let last = (escaped..<text.count).last { Self.isQuote(text[$0]) } ?? escaped
            return add(first, last + 1, rule)
        }
        var position = 0
        /// Strings in double quotes are names in standard SQL, and values where a value is due in other dialects.
        var expectsValue = false
        var isInValues = false
        while position < text.count {
            let byte = text[position]
            switch byte {
            case UInt8(ascii: "'"):
                position = addString(text, position, rule)
                expectsValue = false
            case UInt8(ascii: "\""):
                position =
                    expectsValue || isInValues
                    ? addString(text, position, rule) : endOfString(text, position).upperBound + 1
                expectsValue = false
            case UInt8(ascii: "$"):
                position = addDollarString(text, position, rule)
            case UInt8(ascii: "="):
                expectsValue = true
                position += 1
            case _ where ASCII.isLetter(byte):
                let start = position
                while position < text.count, ASCII.isAlphanumeric(text[position]) || text[position] == UInt8(ascii: "_")
                {
                    position += 1
                }
                let word = keyword(text, start..<position)
                if word == "values" { isInValues = true }
                expectsValue = ["by", "password", "like", "as", "in", "to"].contains(word)
            default:
                position += 1
            }
        }
    }

    private static let verbs: Set<String> = [
        "select", "insert", "update", "delete", "merge", "replace", "upsert", "create", "alter", "set", "grant", "with",
        "call", "exec", "execute", "begin", "declare", "values", "prepare", "explain", "do", "copy", "rename",
    ]

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") }

    private func isStatement(_ text: Span<UInt8>) -> Bool {
        var position = 0
        while position < text.count {
            if ASCII.isBlank(text[position]) || text[position] == UInt8(ascii: "(") {
                position += 1
            } else if position + 1 < text.count, text[position] == UInt8(ascii: "/"),
                text[position + 1] == UInt8(ascii: "*")
            {
                position += 2
                while position + 1 < text.count,
                    text[position] != UInt8(ascii: "*") || text[position + 1] != UInt8(ascii: "/")
                {
                    position += 1
                }
                position += 2
            } else if position + 1 < text.count, text[position] == UInt8(ascii: "-"),
                text[position + 1] == UInt8(ascii: "-")
            {
                while position < text.count, text[position] != 0x0A { position += 1 }
            } else {
                break
            }
        }
        let start = position
        while position < text.count, ASCII.isLetter(text[position]) { position += 1 }
        return start < position && Self.verbs.contains(keyword(text, start..<position))
    }

    /// Small letters; empty if it is too long to be a keyword.
    private func keyword(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        guard range.count <= 12 else { return "" }
        return String(decoding: range.map { ASCII.lowercased(text[$0]) }, as: UTF8.self)
    }

    private func firstEscapedQuote(_ text: Span<UInt8>) -> Int? {
        var position = 1
        while position < text.count {
            if Self.isQuote(text[position]), text[position - 1] == UInt8(ascii: "\\") { return position }
            position += 1
        }
        return nil
    }

    /// The inside of a string in which a doubled quote is one; to the end of the text if it is never closed.
    private func endOfString(_ text: Span<UInt8>, _ start: Int) -> Range<Int> {
        let quote = text[start]
        var position = start + 1
        while position < text.count {
            if text[position] == quote {
                guard position + 1 < text.count, text[position + 1] == quote else { return start + 1..<position }
                position += 1
            }
            position += 1
        }
        return start + 1..<max(start + 1, text.count)
    }

    private mutating func addString(_ text: Span<UInt8>, _ start: Int, _ rule: Int) -> Int {
        let inner = endOfString(text, start)
        if !inner.isEmpty, !Replacement.isOne(text, inner) { add(inner.lowerBound, inner.upperBound, rule) }
        return inner.upperBound + 1
    }

    /// `$tag$ … $tag$` of PostgreSQL; `$1` is a parameter.
    private mutating func addDollarString(_ text: Span<UInt8>, _ start: Int, _ rule: Int) -> Int {
        var open = start + 1
        while open < text.count, open - start < 64, ASCII.isLetter(text[open]) || text[open] == UInt8(ascii: "_") {
            open += 1
        }
        guard open < text.count, text[open] == UInt8(ascii: "$") else { return start + 1 }
        let tag = start...open
        var position = open + 1
        while position + tag.count <= text.count {
            if text[position] == UInt8(ascii: "$"), tag.allSatisfy({ text[$0] == text[position + $0 - start] }) {
                break
            }
            position += 1
        }
        let end = position + tag.count <= text.count ? position : text.count
        if open + 1 < end, !Replacement.isOne(text, open + 1..<end) { add(open + 1, end, rule) }
        return end + tag.count
    }
}
