/// A pattern for secrets inside text: a row of characters and classes, each with a count. It is matched from left to right, and
/// each element takes as many characters as it can and gives none back, so that a match is found, or not, in one go.
///
///     pattern = ["(?i)"] ["^"] { "(" | ")" | "\b" | unit [count] }
///     unit    = character | "\" character | "\d" | "\w" | "\s" | "." | "[" ["^"] { character ["-" character] } "]"
///     count   = "?" | "*" | "+" | "{n}" | "{n,}" | "{n,m}"
///
/// What is in parentheses (once at most) is the secret; without them all of the match is. `\d` are digits, `\w` letters, digits
/// and `_`, `\s` blanks, `.` is any byte but a line feed, `\b` the edge of a word, `^` the beginning of the text.
struct ValuePattern: Hashable, Sendable {
    static let maximumElements = 128
    static let maximumCount = 4096

    struct Element: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case bytes(ByteSet)
            case wordEdge
            case groupStart
            case groupEnd
        }
        var kind: Kind
        var minimum = 1
        var maximum = 1
    }

    /// Of the whole match and of the secret in it.
    struct Match: Equatable {
        var whole: Range<Int>
        var secret: Range<Int>
    }

    let text: String
    let ignoresCase: Bool
    let isAtStart: Bool
    let elements: [Element]

    init(_ text: String) throws(RuleError) {
        var parser = ValuePatternParser(text)
        let parsed = try parser.parse()
        self.text = text
        ignoresCase = parsed.ignoresCase
        isAtStart = parsed.isAtStart
        elements = parsed.elements
    }

    /// The match that begins at `start`. `work` grows by the bytes that were looked at.
    func match(_ text: Span<UInt8>, at start: Int, work: inout Int) -> Match? {
        var position = start
        var secret = (start: start, end: -1)
        for element in elements {
            switch element.kind {
            case .bytes(let set):
                let limit = min(text.count, position + element.maximum)
                var next = position
                while next < limit, set.contains(text[next]) { next += 1 }
                work += next - position + 1
                guard next - position >= element.minimum else { return nil }
                position = next
            case .wordEdge:
                let before = position > 0 && ByteSet.word.contains(text[position - 1])
                let after = position < text.count && ByteSet.word.contains(text[position])
                guard before != after else { return nil }
            case .groupStart: secret.start = position
            case .groupEnd: secret.end = position
            }
        }
        work += elements.count
        return Match(whole: start..<position, secret: secret.start..<(secret.end < 0 ? position : secret.end))
    }

    /// The longest run of fixed characters, without which no text matches, and how far behind the match's beginning it is: nil
    /// if what comes before it has no fixed length. Nil if there are no three fixed characters in a row.
    var literal: (literal: SearchLiteral, offset: Int?)? {
        var best: (bytes: [UInt8], offset: Int?)?
        var run: [UInt8] = []
        var runOffset: Int? = 0
        var offset: Int? = 0
        func end() {
            if run.count >= 3, run.count > best?.bytes.count ?? 0 { best = (run, runOffset) }
            run = []
        }
        for element in elements {
            guard case .bytes(let set) = element.kind else { continue }
            guard let byte = set.single(ignoringCase: ignoresCase), element.minimum == element.maximum else {
                end()
                offset = element.minimum == element.maximum ? offset.map { $0 + element.minimum } : nil
                continue
            }
            if run.isEmpty { runOffset = offset }
            run += [UInt8](repeating: byte, count: min(element.minimum, 64))
            offset = offset.map { $0 + element.minimum }
        }
        end()
        return best.map { best in
            let literal = SearchLiteral(best.bytes, ignoresCase: ignoresCase)
            return (literal, best.offset.map { $0 + best.bytes.count - literal.bytes.count })
        }
    }
}

/// A set of bytes.
struct ByteSet: Hashable, Sendable {
    private var bits: SIMD4<UInt64> = .zero

    static let word = ByteSet { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    static let digits = ByteSet { ASCII.isDigit($0) }
    static let blanks = ByteSet { ASCII.isBlank($0) }
    static let notLineFeed = ByteSet { $0 != 0x0A }

    init() {}

    init(where isMember: (UInt8) -> Bool) {
        for byte in UInt8.min...UInt8.max where isMember(byte) { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    mutating func formUnion(_ other: ByteSet) { bits |= other.bits }
    func contains(_ byte: UInt8) -> Bool { bits[Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0 }
    var inverted: ByteSet { ByteSet { !contains($0) } }
    var isEmpty: Bool { bits == .zero }

    /// With letters of the other case.
    var ignoringCase: ByteSet {
        ByteSet { byte in contains(byte) || (ASCII.isLetter(byte) && contains(byte ^ 0x20)) }
    }

    /// The only member; of a letter's two cases the small one.
    func single(ignoringCase: Bool) -> UInt8? {
        let members = (UInt8.min...UInt8.max).filter(contains)
        if members.count == 1 { return members[0] }
        guard ignoringCase, members.count == 2, ASCII.isLetter(members[0]), members[0] | 0x20 == members[1] else {
            return nil
        }
        return members[1]
    }
}
