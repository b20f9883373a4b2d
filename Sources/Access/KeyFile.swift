import Configuration
import TLS

/// Reads the lines of `keys.file`:
///
///     # a comment
///     name key [option …]
///     name sha256:64 hexadecimal digits [option …]
///
/// Options, each at most once: `rate=1000/s`, `bytes=10MiB/s`, `scopes=ingest,read,admin`, `tenant=NAME`, and the times
/// `expires=`, `created=` and `revoked=`, written `2027-01-01T00:00:00Z`.
package enum KeyFile {
    package static let longestFile = 1 << 20
    private static let shortestKey = 8
    private static let expectedOptions =
        "'rate', 'bytes', 'scopes', 'tenant', 'expires', 'created' or 'revoked'"

    package struct Invalid: Error, Equatable, CustomStringConvertible {
        package let file: String
        package let line: Int
        /// Never holds a key or a part of one.
        package let reason: String
        package var description: String { "\(file):\(line): \(reason)" }
    }

    package static func parse(_ text: String, file: String) throws(Invalid) -> [AccessKey] {
        var keys: [AccessKey] = []
        var names: Set<String> = []
        for (index, line) in lines(text).enumerated() {
            let words = words(line)
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            do throws(Problem) {
                guard names.insert(String(name)).inserted else {
                    throw Problem(reason: "the name '\(name)' stands twice")
                }
                keys.append(try key(words))
            } catch {
                throw Invalid(file: file, line: index + 1, reason: error.reason)
            }
        }
        return keys
    }

    package static func isName(_ text: some StringProtocol) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte)
    }

    package static let nameRule = "a name is up to 64 letters, digits, '.', '_' and '-'"

    /// Carriage return and newline together are one `Character`.
    static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }

    static func words(_ line: Substring) -> [Substring] { line.split { $0 == " " || $0 == "\t" || $0 == "\r" } }

    private struct Problem: Error { let reason: String }

    private static func key(_ words: [Substring]) throws(Problem) -> AccessKey {
        guard isName(words[0]) else { throw Problem(reason: nameRule) }
        guard words.count >= 2 else { throw Problem(reason: "expected a name, a space and a key") }
        var key = AccessKey(name: String(words[0]), digest: try digest(of: words[1]))
        var seen: Set<Substring> = []
        for option in words.dropFirst(2) {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // A word that is no option may be a key, so none of it is shown.
            guard parts.count == 2, parts[0].utf8.count <= 16, parts[0].utf8.allSatisfy({ (0x61...0x7A).contains($0) })
            else { throw Problem(reason: "expected options such as 'scopes=ingest' after the key") }
            guard seen.insert(parts[0]).inserted else { throw Problem(reason: "'\(parts[0])' stands twice") }
            try apply(parts[0], parts[1], to: &key)
        }
        return key
    }

    private static func digest(of word: Substring) throws(Problem) -> [UInt8] {
        guard word.hasPrefix("sha256:") else {
            guard word.utf8.count >= shortestKey else {
                throw Problem(reason: "the key is too short; use at least \(shortestKey) characters, better 32")
            }
            return sha256(Array(word.utf8))
        }
        let digits = word.dropFirst(7).utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64, !digits.contains(nil) else {
            throw Problem(reason: "expected 64 hexadecimal digits after 'sha256:'")
        }
        return stride(from: 0, to: 64, by: 2).map { UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0)) }
    }

    private static func apply(_ name: Substring, _ value: Substring, to key: inout AccessKey) throws(Problem) {
        switch name {
        case "rate": key.requestsPerSecond = try rate(value)
        case "bytes": key.bytesPerSecond = try rate(value)
        case "scopes":
            guard let scopes = AccessScopes(value) else {
                throw Problem(
                    reason: "'scopes' is '\(shown(value))', expected some of ingest, read and admin with commas between"
                )
            }
            key.scopes = scopes
        case "tenant":
            guard let tenant = TenantName(value) else {
                throw Problem(reason: "'tenant' is '\(shown(value))', expected \(TenantName.rule)")
            }
            key.tenant = tenant
        case "expires": key.expires = try time("expires", value)
        case "created": key.created = try time("created", value)
        case "revoked": key.revoked = try time("revoked", value)
        default: throw Problem(reason: "'\(name)' is unknown; expected \(expectedOptions)")
        }
    }

    private static func rate(_ value: Substring) throws(Problem) -> Int {
        guard value.hasSuffix("/s"), let amount = ByteSize.parse(String(value.dropLast(2))), amount > 0 else {
            throw Problem(reason: "expected 'rate=1000/s' or 'bytes=10MiB/s' after the key")
        }
        return amount
    }

    private static func time(_ name: String, _ value: Substring) throws(Problem) -> UTCSecond {
        guard let time = UTCSecond(value) else {
            throw Problem(reason: "'\(name)' is '\(shown(value))', expected a time such as 2027-01-01T00:00:00Z")
        }
        return time
    }

    private static func shown(_ word: Substring) -> Substring { word.prefix(20) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
