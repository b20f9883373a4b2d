import QueryTesting
import Testing

@testable import QueryLanguage

@Suite("Patterns")
struct PatternTests {
    @Test(
        "A pattern matches whole texts",
        arguments: [
            ("", [""], ["a"]), ("abc", ["abc"], ["ab", "abcd", "ABC"]),
            ("a.c", ["abc", "a\nc", "aéc", "a👩c"], ["ac", "abbc"]),
            (".*", ["", "x", "é\n"], []), ("GET /.*", ["GET /", "GET /a/b"], ["GET", " GET /"]),
            ("(?i)get é", ["GET é", "get é"], ["GET É"]), ("[a-c]+", ["abcabc"], ["", "abd"]),
            ("[^a-c]", ["d", "é", "\n"], ["a", ""]), ("[]a-]+", ["]a-"], ["b"]), ("[^\\d]", ["x"], ["5"]),
            ("[α-ω]{2}", ["αω"], ["α", "ab"]), ("\\d{2,3}", ["12", "123"], ["1", "1234"]),
            ("a{2,}", ["aa", "aaaa"], ["a"]),
            ("a{0}", [""], ["a"]), ("\\w+\\s\\W", ["a_9 -"], ["a-9"]), ("a|b|", ["a", "b", ""], ["ab"]),
            ("(a|b)*c?", ["", "ababc"], ["abca"]), ("(?:ab)+", ["ab", "abab"], ["aba"]), ("^a$", ["a"], ["aa"]),
            ("a^b|c$d", [], ["ab", "cd"]), ("(^a|b)+", ["ab", "abb", "b"], ["aa", "ba"]),
            ("(a$|b)*", ["a", "ba", "bb", ""], ["ab"]),
            ("a*?b+?", ["ab", "bb"], ["a"]), ("\\.\\*\\\\", [".*\\"], ["a*\\"]), ("(a*)*", ["", "aaa"], ["b"]),
            ("(()|a)+", ["", "aa"], ["b"]), ("($^)*a*", ["", "aa"], ["b"]), ("x$^", [], ["x", ""]),
            ("[\u{D7FF}-\u{E000}]", ["\u{D7FF}", "\u{E000}"], ["a"]),
            (".*error.*", ["an error here"], ["err"]),
            ("(a?){30}a{30}", [String(repeating: "a", count: 30)], [String(repeating: "a", count: 29)]),
        ] as [(String, [String], [String])])
    func table(source: String, matching: [String], others: [String]) throws {
        let pattern = try QueryPattern(source)
        for text in matching {
            #expect(pattern.matches(text), "\(text)")
            #expect(runs(pattern, text), "\(text)")
        }
        for text in others {
            #expect(!pattern.matches(text), "\(text)")
            #expect(!runs(pattern, text), "\(text)")
        }
    }

    @Test(
        "Texts that every match contains are known",
        arguments: [
            ("GET /.*", ["GET /"], "GET /", nil), ("abc", ["abc"], "abc", "abc"),
            (".*error.*at \\d+", ["error", "at "], "", nil),
            ("^a(b|c)d", ["a", "d"], "a", nil), ("(?i)abc", [], "", nil), ("a(bc)d", ["abcd"], "abcd", "abcd"),
            ("", [], "", ""),
            ("x+y", ["y"], "", nil), ("(?i)12-a", ["12-"], "12-", nil),
        ] as [(String, [String], String, String?)])
    func literals(source: String, literals: [String], prefix: String, exact: String?) throws {
        let pattern = try QueryPattern(source)
        #expect(pattern.literals == literals)
        #expect(pattern.prefix == prefix)
        #expect(pattern.exactText == exact)
    }

    @Test("Random patterns agree with matching by trial, with and without a table", arguments: 0..<40 as Range<UInt64>)
    func agreesWithTrial(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let tree = RandomPattern.tree(depth: 3, &generator)
            let source = tree.source
            let pattern = try QueryPattern(source)
            for _ in 0..<20 {
                let text = String(
                    (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                        "abéc".randomElement(using: &generator) ?? "a"
                    })
                let expected = tree.ends(in: Array(text.unicodeScalars), from: 0).contains(text.unicodeScalars.count)
                #expect(pattern.matches(text) == expected, "seed \(seed): \(source) on \(text)")
                #expect(runs(pattern, text) == expected, "seed \(seed): \(source) on \(text)")
            }
        }
    }

    @Test("Every scalar is told from its neighbours at the edges of UTF-8's lengths")
    func utf8Edges() throws {
        for value in [
            0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0x10FFFF,
        ] as [UInt32] {
            let scalar = try #require(Unicode.Scalar(value))
            let only = PatternNode.scalar(ScalarSet(scalar))
            let others = PatternNode.scalar(ScalarSet(scalar).inverted)
            let (one, rest) = (try PatternTable(PatternProgram(only)), try PatternTable(PatternProgram(others)))
            for near in value - 2...value + 2 {
                guard let other = Unicode.Scalar(near) else { continue }
                let text = String(other)
                let (isOne, isOther) = (one?.matches(text.utf8.span), rest?.matches(text.utf8.span))
                #expect(isOne == (near == value))
                #expect(isOther == (near != value))
            }
        }
    }
}

private func runs(_ pattern: QueryPattern, _ text: String) -> Bool { pattern.matchesWithoutTable(text.utf8.span) }

/// A pattern with its meaning as a set of places where a match may end.
private indirect enum RandomPattern {
    case set(String, String)
    case start
    case end
    case row([RandomPattern])
    case either([RandomPattern])
    case counted(RandomPattern, String, Int, Int)

    static func tree(depth: Int, _ generator: inout SeededGenerator) -> RandomPattern {
        let sets = [("a", "a"), ("b", "b"), ("é", "é"), (".", "abéc"), ("[^a]", "béc"), ("[aé]", "aé"), ("\\w", "abc")]
        switch Int.random(in: 0..<(depth > 0 ? 12 : 6), using: &generator) {
        case 0...4:
            let set = sets[Int.random(in: 0..<sets.count, using: &generator)]
            return .set(set.0, set.1)
        case 5: return Bool.random(using: &generator) ? .start : .end
        case 6...7:
            return .row((0..<Int.random(in: 0...3, using: &generator)).map { _ in tree(depth: depth - 1, &generator) })
        case 8...9:
            return .either(
                (0..<Int.random(in: 2...3, using: &generator)).map { _ in tree(depth: depth - 1, &generator) })
        default:
            let counts = [
                ("*", 0, 9), ("+", 1, 9), ("?", 0, 1), ("{2}", 2, 2), ("{1,3}", 1, 3), ("{0,2}", 0, 2), ("{2,}", 2, 9),
            ]
            let count = counts[Int.random(in: 0..<counts.count, using: &generator)]
            return .counted(tree(depth: depth - 1, &generator), count.0, count.1, count.2)
        }
    }

    var source: String {
        switch self {
        case .set(let text, _): text
        case .start: "^"
        case .end: "$"
        case .row(let members): members.map { "(\($0.source))" }.joined()
        case .either(let members): "(" + members.map(\.source).joined(separator: "|") + ")"
        case .counted(let inner, let count, _, _): "(\(inner.source))\(count)"
        }
    }

    func ends(in text: [Unicode.Scalar], from start: Int) -> Set<Int> {
        switch self {
        case .set(_, let members):
            return start < text.count && members.unicodeScalars.contains(text[start]) ? [start + 1] : []
        case .start: return start == 0 ? [0] : []
        case .end: return start == text.count ? [start] : []
        case .row(let members):
            return members.reduce([start]) { places, member in
                Set(places.flatMap { member.ends(in: text, from: $0) })
            }
        case .either(let members): return Set(members.flatMap { $0.ends(in: text, from: start) })
        case .counted(let inner, _, let minimum, let maximum):
            var places: Set<Int> = [start]
            var found: Set<Int> = minimum == 0 ? [start] : []
            for round in 1...maximum {
                places = Set(places.flatMap { inner.ends(in: text, from: $0) })
                if round >= minimum { found.formUnion(places) }
            }
            return found
        }
    }
}
