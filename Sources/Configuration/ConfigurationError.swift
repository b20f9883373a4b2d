/// Everything that is wrong with a configuration, in the order in which it was read.
package struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A hundred are enough to correct a file by.
    package static let maximumProblems = 100

    package let problems: [ConfigurationProblem]
    package let omitted: Int

    init(_ all: [ConfigurationProblem]) {
        problems = Array(all.prefix(Self.maximumProblems))
        omitted = all.count - problems.count
    }

    /// One line a problem.
    package var description: String {
        var lines = problems.map(\.description)
        if omitted > 0 { lines.append("and \(omitted) further problems") }
        return lines.joined(separator: "\n")
    }
}

/// One thing that is wrong, and where it was written.
package struct ConfigurationProblem: Equatable, Sendable, CustomStringConvertible {
    package enum Origin: Equatable, Sendable, CustomStringConvertible {
        case file(name: String, line: Int)
        case environment(variable: String)
        case override(text: String)
        case defaults

        package var description: String {
            switch self {
            case .file(let name, let line): "\(name):\(line)"
            case .environment(let variable): "environment \(variable)"
            case .override(let text): "--set \(quotable(text))"
            case .defaults: "default"
            }
        }
    }

    package enum Kind: Equatable, Sendable {
        case invalidValue(key: String, value: String, expected: String)
        case unknownKey(String, suggestion: String?)
        case duplicate(key: String, firstLine: Int)
        case conflict(key: String, value: String, reason: String)
        case syntax(String)
    }

    package let origin: Origin
    package let kind: Kind

    package var description: String {
        switch kind {
        case .invalidValue(let key, let value, let expected):
            "\(origin): '\(key)' is '\(quotable(value))', expected \(expected)"
        case .unknownKey(let key, let suggestion):
            "\(origin): there is no setting '\(quotable(key))'" + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
        case .duplicate(let key, let firstLine):
            "\(origin): '\(key)' is set in line \(firstLine) already; remove one of them"
        case .conflict(let key, let value, let reason):
            "\(origin): '\(key)' is '\(quotable(value))', which \(reason)"
        case .syntax(let what):
            "\(origin): \(what)"
        }
    }
}

/// Text from outside for use in a message: one line, no terminal sequences, not endless.
func quotable(_ text: some StringProtocol) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(120) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > 120 ? result + "…" : result
}
