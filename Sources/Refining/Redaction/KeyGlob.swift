/// A pattern for names: `*` stands for any number of characters, `?` for one; letters are compared without regard to case, and
/// `_`, `-` and `.` are the same (see `KeyName`).
struct KeyGlob: Hashable, Sendable {
    private static let any = UInt8(ascii: "*")
    private static let one = UInt8(ascii: "?")

    let text: String
    /// Normal form; may hold `*` and `?`.
    private let pattern: [UInt8]
    /// Most globs are a word, or a star and then a word, which is quick to compare.
    private let isWord: Bool
    private let isEnding: Bool

    init(_ text: String) throws(RuleError) {
        guard (1...128).contains(text.utf8.count) else { throw RuleError(text, "is not of 1 to 128 bytes") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw RuleError(text, "holds a blank, or a character that is not ASCII")
        }
        guard text.utf8.contains(where: { ASCII.isAlphanumeric($0) }) else {
            throw RuleError(text, "has no letter or digit, so that it would match every key")
        }
        self.text = text
        var normal: [UInt8] = []
        KeyName.normalize(Array(text.lowercased().utf8).span, into: &normal)
        pattern = normal
        isWord = !normal.contains { $0 == Self.any || $0 == Self.one }
        isEnding = normal.first == Self.any && !normal.dropFirst().contains { $0 == Self.any || $0 == Self.one }
    }

    /// Whether the whole of a name in normal form matches.
    func matches(_ name: [UInt8]) -> Bool {
        guard isWord || isEnding else { return TextGlob.matches(pattern, name.span) }
        let skipped = isWord ? 0 : 1
        let start = name.count - pattern.count + skipped
        guard start >= 0, isEnding || start == 0 else { return false }
        // From the end, where names differ most.
        var place = pattern.count
        while place > skipped {
            place -= 1
            guard pattern[place] == name[start + place - skipped] else { return false }
        }
        return true
    }

    /// What to look for in a message so that no name that matches is missed. Nil if the glob has no word of three characters
    /// without `*` and `?` in it.
    var literal: SearchLiteral? {
        let parts = pattern.split(omittingEmptySubsequences: false) { $0 == Self.any || $0 == Self.one }
        var best: SearchLiteral?
        for (index, part) in parts.enumerated() {
            guard let word = Self.word(of: part, endsGlob: index == parts.count - 1) else { continue }
            if best.map({ word.bytes.count > $0.bytes.count }) ?? true { best = word }
        }
        return best
    }

    /// How long a word has to be to be rare by itself.
    private static let longWordBytes = 8

    /// A word between separators: how those are written in the name is open. The last one of the glob tells more than others,
    /// as no word may go on behind it, unless a long one is there.
    private static func word(of part: ArraySlice<UInt8>, endsGlob: Bool) -> SearchLiteral? {
        let words = part.split(separator: KeyName.separator, omittingEmptySubsequences: false)
        if let long = words.first(where: { $0.count >= longWordBytes }) {
            let isWhole = long.count == SearchLiteral.maximumBytes && endsGlob && long.endIndex == part.endIndex
            return SearchLiteral(long.prefix(SearchLiteral.maximumBytes), ignoresCase: true, endsWord: isWhole)
        }
        if endsGlob, let last = words.last, last.count >= 3 {
            return SearchLiteral(last, ignoresCase: true, endsWord: true)
        }
        guard let longest = words.max(by: { $0.count < $1.count }), longest.count >= 3 else { return nil }
        return SearchLiteral(longest, ignoresCase: true)
    }
}
