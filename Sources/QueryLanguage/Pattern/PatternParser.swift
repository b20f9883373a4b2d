/// Reads a regular expression.
///
///     pattern  = ["(?i)"] either
///     either   = row { "|" row }
///     row      = { unit [ ("*" | "+" | "?" | "{" n ["," [m]] "}") ["?"] ] }
///     unit     = "(" ["?:"] either ")" | "[" ["^"] { member ["-" member] } "]" | "." | "^" | "$" | "\" escape | character
struct PatternParser {
    static let maximumDepth = 32
    static let maximumCount = 1000

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var ignoresCase = false
    private var depth = 0

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func parse() throws(SyntaxProblem) -> PatternNode {
        ignoresCase = take("(?i)")
        let node = try parseAlternatives()
        guard position == scalars.count else {
            throw SyntaxProblem(position, "')' in the pattern without '('", hint: "write '\\)' for the character")
        }
        return node
    }

    private mutating func parseAlternatives() throws(SyntaxProblem) -> PatternNode {
        var rows = [try parseRow()]
        while take("|") { rows.append(try parseRow()) }
        return rows.count == 1 ? rows[0] : .alternatives(rows)
    }

    private mutating func parseRow() throws(SyntaxProblem) -> PatternNode {
        var members: [PatternNode] = []
        while let next = peek, next != "|", next != ")" {
            let start = position
            let unit = try parseUnit()
            members.append(try parseCount(of: unit, from: start))
        }
        return members.isEmpty ? .empty : members.count == 1 ? members[0] : .sequence(members)
    }

    private mutating func parseUnit() throws(SyntaxProblem) -> PatternNode {
        let start = position
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "(": return try parseGroup(from: start)
        case "[": return .scalar(try parseClass(from: start))
        case ".": return .scalar(.all)
        case "^": return .textStart
        case "$": return .textEnd
        case "\\": return .scalar(folded(try parseEscape(from: start)))
        case "*", "+", "?":
            throw SyntaxProblem(
                start, "'\(scalar)' in the pattern has nothing before it to repeat",
                hint: scalar == "*"
                    ? "write '.*' for any text, or '\\*' for the character" : "write '\\\(scalar)' for the character")
        case "{":
            throw SyntaxProblem(
                start, "'{' in the pattern has nothing before it to repeat", hint: "write '\\{' for the character")
        default: return .scalar(folded(ScalarSet(scalar)))
        }
    }

    private mutating func parseGroup(from start: Int) throws(SyntaxProblem) -> PatternNode {
        if !take("?:"), peek == "?" {
            throw SyntaxProblem(
                start, "this kind of group is not supported in a pattern",
                hint: "'(…)' and '(?:…)' are; '(?i)' stands at the beginning alone")
        }
        guard depth < Self.maximumDepth else {
            throw SyntaxProblem(start, "groups of the pattern are nested more than \(Self.maximumDepth) deep")
        }
        depth += 1
        defer { depth -= 1 }
        let inner = try parseAlternatives()
        guard take(")") else {
            throw SyntaxProblem(
                start, "'(' in the pattern is never closed", hint: "add ')', or write '\\(' for the character")
        }
        return inner
    }

    private mutating func parseEscape(from start: Int) throws(SyntaxProblem) -> ScalarSet {
        guard let scalar = peek else { throw SyntaxProblem(start, "the pattern ends with a backslash") }
        position += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .word
        case "W": return ScalarSet.word.inverted
        case "s": return .blanks
        case "S": return ScalarSet.blanks.inverted
        case "n": return ScalarSet("\n")
        case "r": return ScalarSet("\r")
        case "t": return ScalarSet("\t")
        case "a"..."z", "A"..."Z", "0"..."9":
            throw SyntaxProblem(
                start, "'\\\(scalar)' has no meaning in a pattern",
                hint: "known are \\d \\w \\s \\D \\W \\S \\n \\r \\t")
        default: return ScalarSet(scalar)
        }
    }

    private mutating func parseClass(from start: Int) throws(SyntaxProblem) -> ScalarSet {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while true {
            guard let scalar = peek else {
                throw SyntaxProblem(
                    start, "'[' in the pattern is never closed", hint: "add ']', or write '\\[' for the character")
            }
            let memberStart = position
            // As everywhere else, ']' right behind '[' is a member.
            if scalar == "]", !isFirst { break }
            isFirst = false
            let first = try parseMember()
            guard let low = first.single, peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges += first.ranges
                continue
            }
            position += 1
            guard let high = try parseMember().single, low <= high else {
                throw SyntaxProblem(memberStart, "a range in '[…]' ends before it begins")
            }
            ranges.append(low.value...high.value)
        }
        position += 1
        // A range may span the surrogates, which are no members.
        let set = folded(ScalarSet(ranges).inverted.inverted)
        let members = isInverted ? set.inverted : set
        guard !members.isEmpty else { throw SyntaxProblem(start, "'[…]' in the pattern matches no character") }
        return members
    }

    private mutating func parseMember() throws(SyntaxProblem) -> ScalarSet {
        let start = position
        let scalar = scalars[position]
        position += 1
        return scalar == "\\" ? try parseEscape(from: start) : ScalarSet(scalar)
    }

    private mutating func parseCount(of unit: PatternNode, from start: Int) throws(SyntaxProblem) -> PatternNode {
        let place = position
        var node = unit
        if take("*") {
            node = .repeated(unit, minimum: 0, maximum: nil)
        } else if take("+") {
            node = .repeated(unit, minimum: 1, maximum: nil)
        } else if take("?") {
            node = .repeated(unit, minimum: 0, maximum: 1)
        } else if take("{") {
            let minimum = try parseNumber(from: place)
            var maximum: Int? = minimum
            if take(",") { maximum = peek == "}" ? nil : try parseNumber(from: place) }
            guard take("}") else { throw wrongCount(at: place) }
            guard minimum <= maximum ?? minimum else {
                throw SyntaxProblem(place, "the count '{\(minimum),\(maximum ?? 0)}' ends before it begins")
            }
            node = .repeated(unit, minimum: minimum, maximum: maximum)
        } else {
            return unit
        }
        _ = take("?")  // as few as possible: the whole text has to match either way
        if let next = peek, "*+?{".unicodeScalars.contains(next) {
            throw SyntaxProblem(
                position, "a count in the pattern follows another one",
                hint: "put what is repeated into parentheses, or write '\\\(next)' for the character")
        }
        return node
    }

    private mutating func parseNumber(from place: Int) throws(SyntaxProblem) -> Int {
        var value = 0
        let start = position
        while let scalar = peek, scalar >= "0", scalar <= "9" {
            position += 1
            value = value * 10 + Int(scalar.value - 0x30)
            guard value <= Self.maximumCount else {
                throw SyntaxProblem(place, "a count in the pattern is over \(Self.maximumCount)")
            }
        }
        guard position > start else { throw wrongCount(at: place) }
        return value
    }

    private func wrongCount(at place: Int) -> SyntaxProblem {
        SyntaxProblem(
            place, "a count in the pattern is not {n}, {n,} or {n,m}", hint: "write '\\{' for the character")
    }

    private func folded(_ set: ScalarSet) -> ScalarSet { ignoresCase ? set.ignoringCase : set }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ expected: String) -> Bool {
        guard scalars[position...].starts(with: expected.unicodeScalars) else { return false }
        position += expected.unicodeScalars.count
        return true
    }
}
