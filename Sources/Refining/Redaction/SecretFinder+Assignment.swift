// A forbidden name, a separator and a secret: `?access_token=…`, `"password": "…"`, `Authorization: Bearer …`, `--token …`,
// `<secret>…</secret>`. The names are those of the key rules.

extension SecretFinder {
    private static let maximumNameReach = 256
    private static let maximumBlanks = 16

    mutating func findAssignment(_ text: Span<UInt8>, _ seen: Range<Int>, _ rule: Int, _ keys: KeyRules) {
        guard seen.lowerBound >= namesEnd else { return }
        let name = self.name(text, around: seen)
        namesEnd = name.upperBound
        guard !name.isEmpty, keys.match(text.extracting(name), scratch: &normal) else { return }
        hasName = true
        guard let value = Announced(text, name) else { return }
        addValue(value, text, name, rule)
    }

    /// The whole name of which a part was seen. A blank is part of a name only inside of what was seen.
    private func name(_ text: Span<UInt8>, around seen: Range<Int>) -> Range<Int> {
        var start = seen.lowerBound
        let first = max(namesEnd, seen.lowerBound - Self.maximumNameReach)
        while start > first, ASCII.isWord(text[start - 1]) { start -= 1 }
        var end = seen.upperBound
        let last = min(text.count, seen.upperBound + Self.maximumNameReach)
        while end < last, ASCII.isWord(text[end]) { end += 1 }
        // Dashes of flags, and the full stop of a sentence.
        while start < end, isEdge(text[start]) { start += 1 }
        while end > start, isEdge(text[end - 1]) { end -= 1 }
        return start..<end
    }

    private func isEdge(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") }

    /// What follows a name, if it is something that the name may have as its value.
    private struct Announced {
        enum Strength {
            /// An equals sign, or a structure: what follows is the value.
            case certain
            /// A colon and a blank, which is also how sentences go on.
            case weak
        }
        var strength = Strength.certain
        var start: Int
        /// The text between tags ends where the next tag begins.
        var isElement = false
        var isInQuery = false

        init?(_ text: Span<UInt8>, _ name: Range<Int>) {
            var position = name.upperBound
            func byte() -> UInt8? { position < text.count ? text[position] : nil }
            func skipBlanks() -> Int {
                let start = position
                while position < text.count, position - start < maximumBlanks, ASCII.isBlank(text[position]) {
                    position += 1
                }
                return position - start
            }
            // The quote that ends a quoted name, escaped or not, and the bracket of a subscript.
            while byte() == UInt8(ascii: "\\") { position += 1 }
            if byte() == UInt8(ascii: "\"") || byte() == UInt8(ascii: "'") {
                position += 1
            } else {
                position = name.upperBound
            }
            if byte() == UInt8(ascii: "]") { position += 1 }
            let blanks = skipBlanks()
            let before = name.lowerBound > 0 ? text[name.lowerBound - 1] : 0
            switch byte() {
            case UInt8(ascii: "="):
                position += 1
                if byte() == UInt8(ascii: "=") || byte() == UInt8(ascii: ">") { position += 1 }
            case UInt8(ascii: ":"):
                position += 1
                if byte() == UInt8(ascii: "=") {
                    position += 1
                } else if position < text.count, ASCII.isBlank(text[position]) {
                    strength = .weak
                }
            case UInt8(ascii: "%") where position + 2 < text.count && text[position + 1] == UInt8(ascii: "3"):
                guard text[position + 2] | 0x20 == UInt8(ascii: "d") || text[position + 2] | 0x20 == UInt8(ascii: "a")
                else {
                    return nil
                }
                position += 3
            case UInt8(ascii: ">") where before == UInt8(ascii: "<"):
                position += 1
                isElement = true
            default:
                // `--password secret`: the name begins with dashes, and a blank follows.
                guard blanks > 0, before == UInt8(ascii: "-"), position < text.count,
                    text[position] != UInt8(ascii: "-")
                else { return nil }
            }
            if !isElement { _ = skipBlanks() }
            start = position
            guard start < text.count else { return nil }
            isInQuery = before == UInt8(ascii: "?") || before == UInt8(ascii: "&")
        }
    }

    private mutating func addValue(_ value: Announced, _ text: Span<UInt8>, _ name: Range<Int>, _ rule: Int) {
        if value.isElement {
            var end = value.start
            while end < text.count, text[end] != UInt8(ascii: "<") { end += 1 }
            return add(value.start..<end, text, rule)
        }
        if let inner = quoted(text, value.start) {
            return add(inner, text, rule)
        }
        if text[value.start] == UInt8(ascii: "[") {
            return addList(text, value.start + 1, rule)
        }
        if isHeader(text, name) {
            if value.strength == .certain || looksLikeHeader(text, value.start) {
                return add(value.start..<endOfLine(text, value.start), text, rule)
            }
        }
        if let end = endOfReference(text, value.start) {
            namesEnd = max(namesEnd, end)
            return
        }
        let end = value.isInQuery ? endOfParameter(text, value.start) : endOfWord(text, value.start)
        let word = value.start..<end
        if value.strength == .weak {
            let isPassword = isPasswordName(text, name)
            guard isPassword ? !SecretForm.isWordOfMessages(text, word) : SecretForm.looksRandom(text, word) else {
                return
            }
        }
        if isLiteral(text, word), !isPasswordName(text, name) { return }
        add(word, text, rule)
    }

    /// Where `${NAME}`, `{name}` or `<name>` ends, which stand for a value that is not here.
    private func endOfReference(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var position = start
        if text[position] == UInt8(ascii: "$") { position += 1 }
        guard position < text.count else { return nil }
        let close: UInt8
        switch text[position] {
        case UInt8(ascii: "{"): close = UInt8(ascii: "}")
        case UInt8(ascii: "<") where position == start: close = UInt8(ascii: ">")
        default: return nil
        }
        while position < text.count, text[position] == UInt8(ascii: "{") || text[position] == UInt8(ascii: "<") {
            position += 1
        }
        let name = position
        while position < text.count, position - name < 64, ASCII.isWord(text[position]) { position += 1 }
        return position < text.count && text[position] == close && position > name ? position + 1 : nil
    }

    private mutating func add(_ range: Range<Int>, _ text: Span<UInt8>, _ rule: Int) {
        namesEnd = max(namesEnd, range.upperBound)
        guard !range.isEmpty, !SecretForm.isPlaceholder(text, range) else { return }
        add(range.lowerBound, range.upperBound, rule)
    }

    /// Each string of a list, up to its end; without strings up to the bracket.
    private mutating func addList(_ text: Span<UInt8>, _ start: Int, _ rule: Int) {
        var position = start
        while position < text.count, text[position] != UInt8(ascii: "]") {
            if let inner = quoted(text, position) {
                add(inner, text, rule)
                position = inner.upperBound + 1
            } else if ASCII.isBlank(text[position]) || text[position] == UInt8(ascii: ",") {
                position += 1
            } else {
                var end = position + 1
                while end < text.count, !Self.endsElement(text[end]) { end += 1 }
                let word = position..<end
                if !isLiteral(text, word) { add(word, text, rule) }
                position = word.upperBound
            }
        }
        namesEnd = max(namesEnd, position)
    }

    private static func endsElement(_ byte: UInt8) -> Bool {
        byte <= 0x20 || [UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "'")].contains(byte)
    }

    /// The inside of a quoted string, whose quotes may be escaped themselves; to the end of the text if it is never closed.
    private func quoted(_ text: Span<UInt8>, _ start: Int) -> Range<Int>? {
        var position = start
        while position < text.count, text[position] == UInt8(ascii: "\\") { position += 1 }
        let escapes = position - start
        guard position < text.count, text[position] == UInt8(ascii: "\"") || text[position] == UInt8(ascii: "'") else {
            return nil
        }
        let quote = text[position]
        position += 1
        let inner = position
        var backslashes = 0
        while position < text.count {
            if text[position] == UInt8(ascii: "\\") {
                backslashes += 1
            } else {
                if text[position] == quote, escapes == 0 ? backslashes % 2 == 0 : backslashes <= escapes {
                    return inner..<max(inner, position - (escapes == 0 ? 0 : backslashes))
                }
                backslashes = 0
            }
            position += 1
        }
        return inner..<text.count
    }

    private func endOfParameter(_ text: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < text.count {
            switch text[end] {
            case UInt8(ascii: "&"), UInt8(ascii: "#"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"),
                UInt8(ascii: "\\"), UInt8(ascii: "'"), 0...0x20:
                return end
            default: end += 1
            }
        }
        return end
    }

    /// Where a value without quotes ends. Commas and closing brackets end it only where the text goes on as after a value.
    private func endOfWord(_ text: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < text.count {
            switch text[end] {
            case 0...0x20, UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: "'"),
                UInt8(ascii: "`"):
                return end
            case UInt8(ascii: "<") where end > start: return end
            case UInt8(ascii: "\\")
            where end + 1 < text.count && [0x22, 0x27, 0x6E, 0x72, 0x74].contains(text[end + 1]):
                return end
            case UInt8(ascii: ","), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                if endsAfter(text, end, isComma: text[end] == UInt8(ascii: ",")) { return end }
                end += 1
            default: end += 1
            }
        }
        return end
    }

    private func endsAfter(_ text: Span<UInt8>, _ mark: Int, isComma: Bool) -> Bool {
        var next = mark + 1
        guard next < text.count else { return true }
        if isComma {
            // `a=1,b=2`: another name and an equals sign or colon.
            let limit = min(text.count, next + 64)
            if ASCII.isBlank(text[next]) || text[next] == UInt8(ascii: "\"") || text[next] == UInt8(ascii: "'") {
                return true
            }
            while next < limit, ASCII.isWord(text[next]) { next += 1 }
            return next > mark + 1 && next < text.count
                && (text[next] == UInt8(ascii: "=") || text[next] == UInt8(ascii: ":"))
        }
        return !ASCII.isAlphanumeric(text[next])
    }

    /// Numbers of few digits, truth values and the absence of a value.
    private func isLiteral(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
        guard word.count < 6 else { return false }
        if word.allSatisfy({ ASCII.isDigit(text[$0]) }) { return true }
        let text = String(decoding: word.map { ASCII.lowercased(text[$0]) }, as: UTF8.self)
        return ["true", "false", "null", "nil", "none"].contains(text)
    }

    private func isPasswordName(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        normal.count >= 3
            && ["password", "passwd", "pwd", "passphrase", "secret"].contains { ending in
                normal.suffix(ending.utf8.count).elementsEqual(ending.utf8)
            }
    }

    // MARK: headers, whose values have blanks in them

    private func isHeader(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        ["authorization", "cookie", "cookies", "auth.header"].contains { ending in
            normal.suffix(ending.utf8.count).elementsEqual(ending.utf8)
        }
    }

    private func endOfLine(_ text: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < text.count {
            switch text[end] {
            case 0x0A, 0x0D, UInt8(ascii: "\""), UInt8(ascii: "'"): return end
            case UInt8(ascii: "\\") where end + 1 < text.count && [0x22, 0x6E, 0x72].contains(text[end + 1]): return end
            default: end += 1
            }
        }
        return end
    }

    /// A scheme and credentials, or `name=value`. Looks at the beginning only, as the name may stand in the line often.
    private func looksLikeHeader(_ text: Span<UInt8>, _ start: Int) -> Bool {
        let first = start..<endOfWord(text, start)
        let line = start..<endOfLine(text.extracting(first: min(text.count, start + Self.maximumNameReach)), start)
        if SecretForm.looksRandom(text, first) { return true }
        if line.contains(where: { text[$0] == UInt8(ascii: "=") }) { return true }
        let scheme = String(decoding: first.prefix(20).map { ASCII.lowercased(text[$0]) }, as: UTF8.self)
        return first.upperBound < line.upperBound && Self.schemes.contains(scheme)
    }

    private static let schemes: Set<String> = [
        "basic", "bearer", "digest", "token", "apikey", "negotiate", "ntlm", "hawk", "aws4-hmac-sha256", "signature",
        "key", "oauth", "sharedkey", "splunk", "bot", "mac", "hoba", "mutual", "scram-sha-256", "dpop",
    ]
}
