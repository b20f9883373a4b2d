// Secrets that stand where the form of the text says: in URLs, after authorization schemes, in key blocks and SQL.

extension SecretFinder {
    /// A user's name without a password that is as long as this is a token.
    private static let minimumTokenBytes = 20

    // MARK: scheme://user:secret@host

    mutating func findUserinfo(_ text: Span<UInt8>, _ rule: Int) {
        var position = 0
        while let start = nextAuthority(text, position) {
            position = max(start, addUserinfo(text, start, rule))
        }
    }

    /// Behind the next `://`.
    private func nextAuthority(_ text: Span<UInt8>, _ from: Int) -> Int? {
        var position = from
        while position + 2 < text.count {
            if text[position] == UInt8(ascii: ":"), text[position + 1] == UInt8(ascii: "/"),
                text[position + 2] == UInt8(ascii: "/")
            {
                return position + 3
            }
            position += 1
        }
        return nil
    }

    /// Returns up to where it looked.
    private mutating func addUserinfo(_ text: Span<UInt8>, _ start: Int, _ rule: Int) -> Int {
        var end = start
        var colon: Int?
        var at: Int?
        scan: while end < text.count {
            switch text[end] {
            case UInt8(ascii: ":"): colon = colon ?? end
            case UInt8(ascii: "@"): at = end
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"):
                // They end the host, but passwords hold them too: then no port stands before, and an at sign comes later.
                if at != nil { break scan }
                guard let colon, !isPort(text, colon + 1..<end), end > colon + 1, text[start] != UInt8(ascii: "[")
                else {
                    return end
                }
            case 0...0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"),
                UInt8(ascii: "`"):
                break scan
            default: break
            }
            end += 1
        }
        guard let at else { return end }
        if let colon, colon < at {
            addSecret(text, colon + 1..<at, rule)
            if colon - start >= Self.minimumTokenBytes { addSecret(text, start..<colon, rule) }
        } else if at - start >= Self.minimumTokenBytes {
            addSecret(text, start..<at, rule)
        }
        return at
    }

    private func isPort(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.count <= 5 && range.allSatisfy { ASCII.isDigit(text[$0]) }
    }

    private mutating func addSecret(_ text: Span<UInt8>, _ range: Range<Int>, _ rule: Int) {
        guard !range.isEmpty, !SecretForm.isPlaceholder(text, range) else { return }
        add(range.lowerBound, range.upperBound, rule)
    }

    /// `user:secret@tcp(host:3306)/database`
    mutating func findDriverUserinfo(_ text: Span<UInt8>, _ seen: Range<Int>, _ rule: Int) {
        var start = seen.lowerBound
        while start > 0, text[start - 1] > 0x20, text[start - 1] != UInt8(ascii: "\""),
            text[start - 1] != UInt8(ascii: "'")
        {
            start -= 1
            // Nobody writes that much before the at sign, and many of them would cost much.
            guard seen.lowerBound - start <= 256 else { return }
        }
        guard let colon = (start..<seen.lowerBound).first(where: { text[$0] == UInt8(ascii: ":") }) else { return }
        addSecret(text, colon + 1..<seen.lowerBound, rule)
    }

    // MARK: Bearer, Basic

    mutating func findAuthorization(_ text: Span<UInt8>, _ seen: Range<Int>, _ rule: Int) {
        if seen.lowerBound > 0, ASCII.isAlphanumeric(text[seen.lowerBound - 1]) { return }
        var start = seen.upperBound
        while start < text.count, start - seen.upperBound < 8, text[start] == 0x20 { start += 1 }
        var end = start
        while end < text.count, Self.tokenBytes.contains(text[end]) { end += 1 }
        while end > start, text[end - 1] == UInt8(ascii: ".") { end -= 1 }
        let token = start..<end
        let isBasic = ASCII.lowercased(text[seen.lowerBound + 1]) == UInt8(ascii: "a")
        guard SecretForm.looksRandom(text, token) || (isBasic && SecretForm.isBasicCredentials(text, token)) else {
            return
        }
        addSecret(text, token, rule)
    }

    // RFC 6750, 2.1, and the colon that some tokens have.
    private static let tokenBytes = ByteSet { ASCII.isAlphanumeric($0) || "-._~+/=:|".utf8.contains($0) }

    // MARK: -----BEGIN … PRIVATE KEY-----

    mutating func findPrivateKey(_ text: Span<UInt8>, _ seen: Range<Int>, _ rule: Int) {
        guard seen.lowerBound >= namesEndOfBlock else { return }
        guard let start = last("-----BEGIN", text, before: seen.lowerBound, within: 64) else { return }
        var position = seen.upperBound
        while position < text.count {
            if isAt("-----END", text, position) {
                position += 8
                // The name of the block, and the dashes that end it.
                while position < text.count, text[position] != UInt8(ascii: "-"), text[position] != 0x0A {
                    position += 1
                }
                while position < text.count, text[position] == UInt8(ascii: "-") { position += 1 }
                break
            }
            position += 1
        }
        namesEnd = max(namesEnd, position)
        add(start, position, rule)
    }

    private var namesEndOfBlock: Int { ranges.last?.end ?? 0 }

    private func isAt(_ literal: StaticString, _ text: Span<UInt8>, _ position: Int) -> Bool {
        guard text.count - position >= literal.utf8CodeUnitCount else { return false }
        return literal.withUTF8Buffer { bytes in
            for index in 0..<bytes.count where text[position + index] != bytes[index] { return false }
            return true
        }
    }

    private func last(_ literal: StaticString, _ text: Span<UInt8>, before end: Int, within reach: Int) -> Int? {
        var position = end - literal.utf8CodeUnitCount
        while position >= max(0, end - reach) {
            if isAt(literal, text, position) { return position }
            position -= 1
        }
        return nil
    }
}
