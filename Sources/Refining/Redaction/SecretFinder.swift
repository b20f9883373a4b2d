/// Finds the secrets in one text after the other. It is told of the literals that were seen in the text, in their order, and
/// looks around each of them. Whatever the text is, the work is in proportion to its length: where a text would take more, or
/// holds very many secrets, all of it counts as secret.
struct SecretFinder {
    /// Ordered and apart from each other once `finish` was called.
    private(set) var ranges: [SecretRange] = []
    /// Up to where names have been looked at, and where secrets that names announce end.
    var namesEnd = 0
    /// A forbidden name stands in the text.
    var hasName = false
    var normal: [UInt8] = []

    private static let maximumRanges = 4096
    private static let workForEachByte = 32
    private var work = 0
    private var tried: [Bool] = []
    private var triedAny = false
    private var isAllSecret: Int?

    mutating func begin() {
        ranges.removeAll(keepingCapacity: true)
        (namesEnd, work) = (0, 0)
        hasName = false
        isAllSecret = nil
        if triedAny { tried.removeAll(keepingCapacity: true) }
        triedAny = false
    }

    /// A literal was seen at `start`; it may reach beyond the text, and is then none.
    mutating func note(_ literal: Int, at start: Int, in text: Span<UInt8>, _ redaction: Redaction) {
        let length = redaction.literalLengths[literal]
        guard isAllSecret == nil, start >= 0, length <= text.count - start else { return }
        for sign in redaction.signs[literal] {
            guard case .value(let place) = sign else { continue }
            look(place, at: start..<start + length, in: text, redaction)
        }
    }

    /// Orders what was found. Returns whether anything was.
    mutating func finish(_ text: Span<UInt8>, _ redaction: Redaction) -> Bool {
        for place in redaction.unconditional {
            if case .pattern(let pattern) = redaction.rules[place].finder { matchAnywhere(pattern, place, in: text) }
        }
        if let rule = isAllSecret {
            ranges.removeAll(keepingCapacity: true)
            if text.count > 0 { ranges.append(SecretRange(start: 0, end: text.count, rule: rule)) }
        } else {
            if hasName, let rule = redaction.sqlRule { addSQLLiterals(text, rule) }
            if ranges.count > 1 { merge() }
        }
        for index in ranges.indices { widenToCharacters(index, text) }
        return !ranges.isEmpty
    }

    mutating func add(_ start: Int, _ end: Int, _ rule: Int) {
        guard start < end else { return }
        if ranges.count >= Self.maximumRanges {
            isAllSecret = rule
        } else {
            ranges.append(SecretRange(start: start, end: end, rule: rule))
        }
    }

    private mutating func look(_ place: Int, at seen: Range<Int>, in text: Span<UInt8>, _ redaction: Redaction) {
        let rule = redaction.rules[place]
        switch rule.finder {
        case .pattern(let pattern):
            if let offset = rule.literalOffset {
                let start = seen.lowerBound - offset
                if start >= 0, !pattern.isAtStart || start == 0 { match(pattern, place, at: start, in: text) }
            } else {
                once(place, redaction) { $0.matchAnywhere(pattern, place, in: text) }
            }
        case .assignment: findAssignment(text, seen, place, redaction.keys)
        case .sql: break
        case .userinfo: once(place, redaction) { $0.findUserinfo(text, place) }
        case .driverUserinfo: findDriverUserinfo(text, seen, place)
        case .authorization: findAuthorization(text, seen, place)
        case .privateKey: findPrivateKey(text, seen, place)
        }
    }

    /// For rules that look at the whole text at their first literal.
    private mutating func once(_ place: Int, _ redaction: Redaction, _ body: (inout SecretFinder) -> Void) {
        if !triedAny {
            triedAny = true
            tried.append(contentsOf: repeatElement(false, count: redaction.rules.count - tried.count))
        }
        guard !tried[place] else { return }
        tried[place] = true
        body(&self)
    }

    private mutating func matchAnywhere(_ pattern: ValuePattern, _ place: Int, in text: Span<UInt8>) {
        var start = 0
        while start < text.count, isAllSecret == nil {
            start = max(start + 1, match(pattern, place, at: start, in: text))
            if pattern.isAtStart { return }
        }
    }

    /// Returns where the match ends, or 0.
    @discardableResult
    private mutating func match(_ pattern: ValuePattern, _ place: Int, at start: Int, in text: Span<UInt8>) -> Int {
        let match = pattern.match(text, at: start, work: &work)
        if work > (text.count + 64) * Self.workForEachByte { isAllSecret = place }
        guard let match else { return 0 }
        if !Replacement.isOne(text, match.secret) { add(match.secret.lowerBound, match.secret.upperBound, place) }
        return match.whole.upperBound
    }

    private mutating func merge() {
        ranges.sort { ($0.start, $1.end) < ($1.start, $0.end) }
        var kept = 0
        for index in ranges.indices.dropFirst() {
            if ranges[index].start <= ranges[kept].end {
                ranges[kept].end = max(ranges[kept].end, ranges[index].end)
            } else {
                kept += 1
                ranges[kept] = ranges[index]
            }
        }
        ranges.removeSubrange((kept + 1)...)
    }

    /// What is left of a text has to be UTF-8 still: continuation bytes are 10xxxxxx.
    private mutating func widenToCharacters(_ index: Int, _ text: Span<UInt8>) {
        while ranges[index].start > 0, text[ranges[index].start] & 0xC0 == 0x80 { ranges[index].start -= 1 }
        while ranges[index].end < text.count, text[ranges[index].end] & 0xC0 == 0x80 { ranges[index].end += 1 }
    }
}
