/// Reads from a program's log where it listens: `event=listening what=otlp address=127.0.0.1:4317`.
package enum ListeningLog {
    /// The addresses logged for `what`, in order.
    package static func addresses(of what: String, in log: String) -> [String] {
        log.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.contains("event=listening"), words.contains(Substring("what=" + what)) else { return nil }
            return words.first { $0.hasPrefix("address=") }.map { String($0.dropFirst("address=".count)) }
        }
    }

    /// The last lines of a log, for a person.
    package static func tail(of log: String, lines: Int = 12) -> String {
        log.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}
