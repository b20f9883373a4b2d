/// The flags that both daemons take.
package struct ProgramArguments: Equatable, Sendable {
    package enum Action: Equatable, Sendable { case run, check, version, manual, help }

    package var action = Action.run
    package var configurationFile: String?
    /// The `section.key=value` texts of `--set`, in order.
    package var overrides: [String] = []

    /// Reads the arguments that follow the program's name. `--help` wins over `--man`, that over `--version`, that over
    /// `--check`.
    package init(_ arguments: some Sequence<String>) throws(ArgumentError) {
        var rest = Array(arguments)[...]
        var wanted: Set<String> = []
        while let argument = rest.popFirst() {
            var (flag, attached): (String, String?) = (argument, nil)
            if argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") {
                flag = String(argument[..<equals])
                attached = String(argument[argument.index(after: equals)...])
            }
            switch flag {
            case "--config", "-c":
                guard let value = attached ?? rest.popFirst() else {
                    throw .missingValue(flag: flag, expected: "a file")
                }
                guard configurationFile == nil else { throw .repeated(flag: flag) }
                configurationFile = value
            case "--set":
                guard let value = attached ?? rest.popFirst() else {
                    throw .missingValue(flag: flag, expected: "section.key=value")
                }
                overrides.append(value)
            case "--check", "--version", "--man", "--help", "-h":
                guard attached == nil else { throw .unexpectedValue(flag: flag) }
                wanted.insert(flag)
            default:
                throw .unknown(argument, suggestion: Self.suggestion(for: flag))
            }
        }
        if wanted.contains("--help") || wanted.contains("-h") {
            action = .help
        } else if wanted.contains("--man") {
            action = .manual
        } else if wanted.contains("--version") {
            action = .version
        } else if wanted.contains("--check") {
            action = .check
        }
    }

    /// Usage and manual page are written from this.
    static let flags: [(name: String, value: String?, help: String)] = [
        ("--config", "FILE", "read settings from FILE"),
        ("--set", "section.key=value", "set one key; goes over file and environment, may be repeated"),
        ("--check", nil, "read the configuration, report every problem with file and line, exit 1 if there is one"),
        ("--version", nil, "print the version and the libraries in use"),
        ("--man", nil, "write the manual page, for man -l -"),
        ("--help", nil, "print this"),
    ]

    static let precedence =
        "Every key can be set by the environment as well: HMS_<SECTION>_<KEY>. Precedence: default < file < environment < --set."

    package static func usage(program: String, summary: String) -> String {
        let rows = flags.map { flag in
            let left = flag.name + (flag.value.map { " " + $0 } ?? "")
            return "  \(left)\(String(repeating: " ", count: max(2, 25 - left.count)))\(flag.help)"
        }
        return """
            \(program): \(summary)

            usage: \(program) [--config FILE] [--set section.key=value]…

            \(rows.joined(separator: "\n"))

            \(precedence)

            """
    }

    private static func suggestion(for flag: String) -> String? {
        flags.map(\.name)
            .map { (flag: $0, distance: editDistance($0, flag)) }
            .min { $0.distance < $1.distance }
            .flatMap { $0.distance <= 2 ? $0.flag : nil }
    }
}

/// Why a command line cannot be understood.
package enum ArgumentError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknown(String, suggestion: String?)
    case missingValue(flag: String, expected: String)
    case unexpectedValue(flag: String)
    case repeated(flag: String)

    package var description: String {
        switch self {
        case .unknown(let argument, let suggestion):
            "unknown argument '\(quotable(argument))'; " + (suggestion.map { "did you mean '\($0)'?" } ?? "see --help")
        case .missingValue(let flag, let expected): "'\(flag)' needs \(expected) after it"
        case .unexpectedValue(let flag): "'\(flag)' takes no value"
        case .repeated(let flag): "'\(flag)' is given twice"
        }
    }
}
