/// The lines of a configuration file. Grammar:
///
///     file    = { line "\n" } ; at most 1 MiB, lines of at most 4096 bytes
///     line    = [ "[" section "]" | key "=" value ] [ "#" comment ]
///     section = key = letter { letter | digit | "_" | "." }
///     value   = text without control characters, blanks around it dropped; in double quotes it may hold "#" after a blank
package struct ConfigurationFile: Sendable {
    package static let maximumBytes = 1 << 20
    static let maximumLineBytes = 4_096

    struct Assignment: Equatable, Sendable {
        var line: Int
        /// Section and key.
        var name: String
        var value: String
    }

    let name: String
    let assignments: [Assignment]
    let problems: [ConfigurationProblem]

    /// `name` is what problems are reported with, such as the path that the operator gave.
    package init(name: String, text: String) {
        self.name = name
        var assignments: [Assignment] = []
        var problems: [ConfigurationProblem] = []
        var section: String?
        var sectionIsBad = false
        func report(_ line: Int, _ problem: ConfigurationProblem.Kind) {
            problems.append(ConfigurationProblem(origin: .file(name: name, line: line), kind: problem))
        }
        guard text.utf8.count <= Self.maximumBytes else {
            report(1, .syntax("the file is over 1 MiB"))
            self.assignments = []
            self.problems = problems
            return
        }
        // Unicode scalars, because a carriage return and a newline make one Character.
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, scalars) in lines.enumerated() {
            let number = index + 1
            var raw = Substring(scalars)
            if number == 1, raw.unicodeScalars.first == "\u{FEFF}" { raw = Substring(raw.unicodeScalars.dropFirst()) }
            if raw.hasSuffix("\r") { raw.removeLast() }
            guard raw.utf8.count <= Self.maximumLineBytes else {
                report(number, .syntax("the line is over \(Self.maximumLineBytes) bytes"))
                continue
            }
            guard raw.unicodeScalars.allSatisfy({ $0 == "\t" || ($0.value >= 0x20 && $0.value != 0x7F) }) else {
                report(number, .syntax("the line holds a control character"))
                continue
            }
            let line = trimmingBlanks(Self.withoutComment(raw))
            if line.isEmpty { continue }
            if line.hasPrefix("[") {
                let inner = trimmingBlanks(line.dropFirst().dropLast())
                sectionIsBad = !(line.hasSuffix("]") && Self.isName(inner))
                section = String(inner)
                if sectionIsBad { report(number, .syntax("'\(quotable(line))' is not a section, expected '[name]'")) }
                continue
            }
            guard let equals = line.firstIndex(of: "=") else {
                report(number, .syntax("'\(quotable(line))' is neither '[section]' nor 'key = value'"))
                continue
            }
            let key = trimmingBlanks(line[..<equals])
            guard Self.isName(key) else {
                report(number, .syntax("'\(quotable(key))' is not a key; keys hold letters, digits and '_'"))
                continue
            }
            // The section's own line is reported already; its keys would only repeat that.
            if sectionIsBad { continue }
            guard let section else {
                report(number, .syntax("'\(quotable(key))' stands before the first '[section]'"))
                continue
            }
            let value = Self.unquoted(trimmingBlanks(line[line.index(after: equals)...]))
            assignments.append(Assignment(line: number, name: "\(section).\(key)", value: String(value)))
        }
        self.assignments = assignments
        self.problems = problems
    }

    private static func withoutComment(_ line: Substring) -> Substring {
        var isQuoted = false
        var previous: Character = " "
        for index in line.indices {
            let character = line[index]
            if character == "\"" { isQuoted.toggle() }
            if character == "#", !isQuoted, previous == " " || previous == "\t" { return line[..<index] }
            previous = character
        }
        // An odd quote is part of the text, so a comment behind it is one after all.
        guard isQuoted, let hash = line.firstIndex(of: "#"),
            hash == line.startIndex || " \t".contains(line[line.index(before: hash)])
        else { return line }
        return line[..<hash]
    }

    private static func unquoted(_ value: Substring) -> Substring {
        value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"") ? value.dropFirst().dropLast() : value
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}
