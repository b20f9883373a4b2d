import Configuration
import TLS

/// Reads the lines of `keys.file`:
///
///     # a comment
///     name key [rate=1000/s] [bytes=10MiB/s]
///     name sha256:64 hexadecimal digits [rate=…] [bytes=…]
enum KeyFile {
    static let longestFile = 1 << 20
    private static let shortestKey = 8

    struct Invalid: Error, Equatable, CustomStringConvertible {
        let file: String
        let line: Int
        /// Never holds a key or a part of one.
        let reason: String
        var description: String { "\(file):\(line): \(reason)" }
    }

    static func parse(_ text: String, file: String) throws(Invalid) -> [AccessKey] {
        var keys: [AccessKey] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            do throws(Problem) {
                guard !keys.contains(where: { $0.name == name }) else {
                    throw Problem(reason: "the name '\(name)' stands twice")
                }
                keys.append(try key(words))
            } catch {
                throw Invalid(file: file, line: index + 1, reason: error.reason)
            }
        }
        return keys
    }

    private struct Problem: Error { let reason: String }

    private static func key(_ words: [Substring]) throws(Problem) -> AccessKey {
        guard words[0].utf8.count <= 64, words[0].utf8.allSatisfy(isNameByte) else {
            throw Problem(reason: "a name is up to 64 letters, digits, '.', '_' and '-'")
        }
        guard words.count >= 2 else { throw Problem(reason: "expected a name, a space and a key") }
        var key = AccessKey(name: String(words[0]), digest: try digest(of: words[1]))
        for option in words.dropFirst(2) { try apply(option, to: &key) }
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

    private static func apply(_ option: Substring, to key: inout AccessKey) throws(Problem) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasSuffix("/s"), let amount = ByteSize.parse(String(parts[1].dropLast(2))),
            amount > 0
        else { throw Problem(reason: "expected 'rate=1000/s' or 'bytes=10MiB/s' after the key") }
        switch parts[0] {
        case "rate": key.requestsPerSecond = amount
        case "bytes": key.bytesPerSecond = amount
        default: throw Problem(reason: "'\(parts[0].prefix(20))' is unknown; expected 'rate' or 'bytes'")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
