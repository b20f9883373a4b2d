import OTLP
import TraceModel

/// Makes a value of a token, as the field wants it.
struct ValueReader {
    let kind: ValueKind
    let field: String
    let now: Int64
    /// Whether the value is compared by order: then `007` is a number, otherwise the text that stands there.
    let isOrdering: Bool

    func read(_ token: QueryToken) throws(SyntaxProblem) -> QueryValue {
        let offset = token.range.lowerBound
        let text: String
        switch token.kind {
        case .word(let word): text = word
        case .quoted(let content):
            if let stray = token.strayBackslash {
                throw SyntaxProblem(
                    stray, "this is no escape; known are \\\" \\' \\\\ \\n \\t and \\u{…}",
                    hint: "write '\\\\' for a backslash")
            }
            if case .anything = kind { return .text(content) }
            text = content
        case .symbol, .end: throw SyntaxProblem(offset, "a value is missing: \(token.shown) is none")
        }
        switch kind {
        case .anything: return try readAnything(text, at: offset)
        case .text: return .text(text)
        case .word(let words):
            if words.contains(text.lowercased()) { return .text(text.lowercased()) }
            throw SyntaxProblem(
                offset, "'\(text)' is no \(field): it is \(Spelling.list(words))", hint: meant(text, words))
        case .bool:
            switch text.lowercased() {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: throw SyntaxProblem(offset, "'\(text)' is neither true nor false")
            }
        case .count:
            guard let number = Int64(text) else {
                throw SyntaxProblem(offset, "'\(text)' is no whole number, which \(field) is compared with")
            }
            return .integer(number)
        case .duration: return .integer(try readDuration(text, at: offset))
        case .moment: return .integer(try readMoment(text, at: offset))
        case .traceID:
            let digits = text.utf8.count == 16 ? String(repeating: "0", count: 16) + text : text
            guard let id = TraceID(hex: digits) else {
                throw SyntaxProblem(offset, "'\(text)' is no trace id, which has 32 hexadecimal digits")
            }
            return .text(id.description)
        case .spanID:
            guard let id = SpanID(hex: text) else {
                throw SyntaxProblem(offset, "'\(text)' is no span id, which has 16 hexadecimal digits")
            }
            return .text(id.description)
        }
    }

    private func meant(_ text: String, _ words: [String]) -> String? {
        Spelling.nearest(to: text, in: words).map { "did you mean '\($0)'?" }
    }

    // MARK: Attributes

    private func readAnything(_ word: String, at offset: Int) throws(SyntaxProblem) -> QueryValue {
        switch word.lowercased() {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        guard let number = WrittenNumber(word) else { return .text(word) }
        guard number.unit.isEmpty else {
            guard let unit = QueryUnit.named(String(number.unit)), number.exponent == nil else {
                throw unknownUnit(number.unit, of: word, at: offset, mayBeText: true)
            }
            return .integer(try scaled(number, by: unit, word, at: offset))
        }
        if number.fraction == nil, number.exponent == nil {
            if let integer = Int64(word), isOrdering || String(integer) == word { return .integer(integer) }
            if !isOrdering { return .text(word) }
        }
        guard let decimal = Double(word), decimal.isFinite else {
            throw SyntaxProblem(offset, "'\(word)' is too large for a number", hint: "put it into quotation marks")
        }
        return .decimal(decimal)
    }

    private func unknownUnit(
        _ unit: Substring, of word: String, at offset: Int, mayBeText: Bool
    ) -> SyntaxProblem {
        let number = word.dropLast(unit.count)
        let place = offset + number.unicodeScalars.count
        let units = (QueryUnit.times + (mayBeText ? QueryUnit.sizes : [])).map(\.word)
        let nearest = QueryUnit.meant(by: String(unit)).flatMap { units.contains("\($0)") ? "\($0)" : nil }
        let meant = nearest.map { "did you mean '\(number)\($0)'? " } ?? ""
        let quoted = mayBeText ? "; text that begins with a digit goes into quotation marks" : ""
        return SyntaxProblem(
            place, "'\(unit)' is no unit", hint: meant + "Units are \(units.joined(separator: " "))\(quoted)")
    }

    private func scaled(
        _ number: WrittenNumber, by unit: QueryUnit, _ word: String, at offset: Int
    ) throws(SyntaxProblem) -> Int64 {
        switch number.scaled(by: unit.factor) {
        case .success(let value): return value
        case .failure(.tooLarge): throw SyntaxProblem(offset, "'\(word)' is too large")
        case .failure(.notWhole):
            let smallest = unit.measure == .time ? "nanoseconds" : "bytes"
            throw SyntaxProblem(offset, "'\(word)' is no whole number of \(smallest)")
        }
    }

    // MARK: Time

    private func readDuration(_ word: String, at offset: Int) throws(SyntaxProblem) -> Int64 {
        guard let number = WrittenNumber(word), number.exponent == nil else {
            throw SyntaxProblem(
                offset, "'\(word)' is no duration, which \(field) is compared with",
                hint: "write one such as 250ms or 2s")
        }
        if number.unit.isEmpty {
            if Int64(word) == 0 { return 0 }
            throw SyntaxProblem(
                offset + word.unicodeScalars.count, "a unit is missing behind '\(word)'",
                hint: "write \(word)ms or \(word)s; units are ns us ms s m h d")
        }
        guard let unit = QueryUnit.named(String(number.unit)), unit.measure == .time else {
            throw unknownUnit(number.unit, of: word, at: offset, mayBeText: false)
        }
        return try scaled(number, by: unit, word, at: offset)
    }

    private func readMoment(_ word: String, at offset: Int) throws(SyntaxProblem) -> Int64 {
        if word.lowercased() == "now" { return now }
        if word.lowercased().hasPrefix("now-") || word.lowercased().hasPrefix("now+") {
            let shift = try readDuration(String(word.dropFirst(4)), at: offset + 4)
            let isBack = word.dropFirst(3).first == "-"
            let (result, overflow) =
                isBack ? now.subtractingReportingOverflow(shift) : now.addingReportingOverflow(shift)
            guard !overflow else { throw SyntaxProblem(offset, "'\(word)' is outside of the years 1677 to 2262") }
            return result
        }
        if let number = Int64(word) {
            if let moment = Moment.fromNumber(number) { return moment }
        } else if let moment = Moment.parse(word) {
            return moment
        }
        throw SyntaxProblem(
            offset, "'\(word)' is no moment, which \(field) is compared with",
            hint: "write 2026-01-31T10:00:00Z, now-15m, or a Unix time")
    }
}
