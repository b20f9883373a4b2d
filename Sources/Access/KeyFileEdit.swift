/// Changes of the text of `keys.file`, which leave every other line, comments included, as it is.
package enum KeyFileEdit {
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case invalid(KeyFile.Invalid)
        case nameTaken(String, isRevoked: Bool)
        case unknownName(String)
        case alreadyRevoked(String, since: UTCSecond)

        package var description: String {
            switch self {
            case .invalid(let problem): problem.description
            case .nameTaken(let name, false):
                "there is a key '\(name)' already; revoke it first, or choose another name"
            case .nameTaken(let name, true):
                "there was a key '\(name)', which is revoked; choose another name, so that logs tell the two apart"
            case .unknownName(let name): "there is no key '\(name)'"
            case .alreadyRevoked(let name, let since): "the key '\(name)' was revoked at \(since) already"
            }
        }
    }

    /// The text with a line for `key` at its end.
    package static func adding(_ key: AccessKey, to text: String, file: String) throws(Problem) -> String {
        if let other = try parse(text, file).first(where: { $0.name == key.name }) {
            throw .nameTaken(key.name, isRevoked: other.revoked != nil)
        }
        let ends = text.isEmpty || text.hasSuffix("\n") || text.hasSuffix("\r\n")
        return text + (ends ? "" : "\n") + line(key) + "\n"
    }

    /// The text with the key of that name revoked.
    package static func revoking(
        _ name: String, at time: UTCSecond, in text: String, file: String
    ) throws(Problem) -> String {
        guard let key = try parse(text, file).first(where: { $0.name == name }) else { throw .unknownName(name) }
        if let since = key.revoked { throw .alreadyRevoked(name, since: since) }
        let lines = KeyFile.lines(text).map { line in
            guard KeyFile.words(line).first == name[...] else { return String(line) }
            var kept = line
            while let last = kept.last, last == " " || last == "\t" || last == "\r" { kept.removeLast() }
            return kept + " revoked=\(time)"
        }
        return lines.joined(separator: "\n")
    }

    /// As it is written: the digest, never the key.
    package static func line(_ key: AccessKey) -> String {
        var words = [key.name, "sha256:" + hexadecimal(key.digest), "scopes=\(key.scopes)"]
        if let tenant = key.tenant { words.append("tenant=\(tenant)") }
        if let rate = key.requestsPerSecond { words.append("rate=\(rate)/s") }
        if let bytes = key.bytesPerSecond { words.append("bytes=\(bytes)/s") }
        if let created = key.created { words.append("created=\(created)") }
        if let expires = key.expires { words.append("expires=\(expires)") }
        if let revoked = key.revoked { words.append("revoked=\(revoked)") }
        return words.joined(separator: " ")
    }

    private static func parse(_ text: String, _ file: String) throws(Problem) -> [AccessKey] {
        do { return try KeyFile.parse(text, file: file) } catch { throw .invalid(error) }
    }
}

/// Lower-case digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
