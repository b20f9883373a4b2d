import Glibc

/// The key that a client shows, read from a file: the first line that is neither empty nor a comment, as `KEY` or, like in a
/// server's `keys.file`, as `name KEY`.
package struct ClientKey: Sendable {
    private let key: String

    /// What goes into a request's header.
    package var header: (name: String, value: String) { ("authorization", "Bearer " + key) }

    package init(file: String) throws(ClientKeyUnusable) {
        let content = try Self.read(file)
        let lines = String(decoding: content, as: UTF8.self).split(separator: "\n")
        let words = lines.lazy.map { $0.split { $0 == " " || $0 == "\t" || $0 == "\r" } }
        guard let line = words.first(where: { $0.first.map { !$0.hasPrefix("#") } ?? false }) else {
            throw ClientKeyUnusable(file: file, reason: "it holds no key")
        }
        let key = line.count == 1 ? line[0] : line[1]
        guard !key.hasPrefix("sha256:") else {
            throw ClientKeyUnusable(file: file, reason: "it holds a digest; a client needs the key itself")
        }
        guard key.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw ClientKeyUnusable(file: file, reason: "a key is made of printable ASCII characters")
        }
        self.key = String(key)
    }

    private static let longestFile = 64 << 10

    private static func read(_ file: String) throws(ClientKeyUnusable) -> [UInt8] {
        let fd = open(file, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else {
            let code = errno
            throw ClientKeyUnusable(file: file, reason: String(cString: strerror(code)))
        }
        defer { close(fd) }
        var content = [UInt8](repeating: 0, count: longestFile)
        let count = Glibc.read(fd, &content, content.count)
        let code = errno
        guard count >= 0 else { throw ClientKeyUnusable(file: file, reason: String(cString: strerror(code))) }
        return Array(content[..<count])
    }
}

package struct ClientKeyUnusable: Error, CustomStringConvertible {
    package let file: String
    package let reason: String
    package var description: String { "the key in '\(file)' cannot be used: \(reason)" }
}
