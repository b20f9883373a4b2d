/// Judgements about single words of a text: whether they look like secrets, or only stand where one could.
enum SecretForm {
    /// What words that nobody would have to keep secret do not look like: long, or of letters and other characters mixed.
    static func looksRandom(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= 8 else { return false }
        var hasDigit = false
        var hasLetter = false
        var hasInnerUpper = false
        var hasMark = false
        for index in range {
            let byte = text[index]
            if ASCII.isDigit(byte) {
                hasDigit = true
            } else if ASCII.isLetter(byte) {
                hasLetter = true
                if ASCII.isUpper(byte), index > range.lowerBound, ASCII.isLower(text[index - 1]) {
                    hasInnerUpper = true
                }
            } else if byte == UInt8(ascii: "=") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "!")
                || byte >= 0x80
            {
                hasMark = true
            }
        }
        return hasDigit || hasInnerUpper || (hasMark && hasLetter) || range.count >= 24
    }

    /// What a sidecar before this one, or the service itself, put in a secret's place, or a parameter that stands for one.
    static func isPlaceholder(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let first = range.first, let last = range.last else { return true }
        if Replacement.isOne(text, range) { return true }
        switch text[first] {
        case UInt8(ascii: "?"): return range.count == 1
        case UInt8(ascii: "$"):
            if range.count > 1, text[first + 1] == UInt8(ascii: "{") { return text[last] == UInt8(ascii: "}") }
            return range.count > 1 && range.count <= 4 && range.dropFirst().allSatisfy { ASCII.isDigit(text[$0]) }
        case UInt8(ascii: "%"): return range.count == 2 && ASCII.isLetter(text[last])
        case UInt8(ascii: "{"): return text[last] == UInt8(ascii: "}")
        case UInt8(ascii: "<"): return text[last] == UInt8(ascii: ">")
        case UInt8(ascii: "*"), UInt8(ascii: "."): return range.allSatisfy { text[$0] == text[first] }
        default: return false
        }
    }

    /// Words that follow "password:" in messages about passwords.
    static func isWordOfMessages(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= 10 else { return false }
        let word = String(decoding: range.map { ASCII.lowercased(text[$0]) }, as: UTF8.self)
        return messageWords.contains(word)
    }

    private static let messageWords: Set<String> = [
        "must", "is", "are", "was", "required", "invalid", "not", "cannot", "incorrect", "expired", "too", "should",
        "field", "missing", "wrong", "may", "has", "null", "none", "nil", "true", "false", "undefined", "empty",
        "unset", "no", "yes", "the", "a", "an", "for", "with", "and", "or", "optional", "string", "value", "length",
        "failed", "error", "unknown", "denied", "does", "at", "minimum", "ok", "valid", "unchanged", "updated",
    ]

    /// Whether the bytes are base64 of a text with a colon, as `Basic` credentials are.
    static func isBasicCredentials(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= 4 else { return false }
        var bits: UInt32 = 0
        var held = 0
        var hasColon = false
        for index in range.prefix(512) {
            let byte = text[index]
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="): continue
            default: return false
            }
            bits = bits << 6 | UInt32(value)
            held += 6
            guard held >= 8 else { continue }
            held -= 8
            let plain = UInt8(truncatingIfNeeded: bits >> UInt32(held))
            guard plain >= 0x20, plain != 0x7F else { return false }
            if plain == UInt8(ascii: ":") { hasColon = true }
        }
        return hasColon
    }
}
