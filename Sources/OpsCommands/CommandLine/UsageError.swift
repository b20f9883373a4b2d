/// What is wrong with a command line.
package enum UsageError: Error, Equatable, CustomStringConvertible {
    case unknownCommand(String, suggestion: String?)
    case unknownOption(String, command: String, suggestion: String?)
    case missingValue(option: String, placeholder: String)
    case unexpectedValue(option: String)
    case givenTwice(option: String)
    case missingArgument(String, command: String)
    case unexpectedArgument(String, command: String)
    case invalidValue(option: String, value: String, expected: String)
    case cannotCombine(String, String)

    package var description: String {
        switch self {
        case .unknownCommand(let name, let suggestion):
            "there is no command '\(name)'" + Self.question(suggestion)
        case .unknownOption(let name, let command, let suggestion):
            "'\(command)' has no option '\(name)'" + Self.question(suggestion)
        case .missingValue(let option, let placeholder):
            "'--\(option)' needs a value: --\(option) \(placeholder)"
        case .unexpectedValue(let option):
            "'--\(option)' takes no value"
        case .givenTwice(let option):
            "'--\(option)' is given twice"
        case .missingArgument(let name, let command):
            "'\(command)' needs \(name)"
        case .unexpectedArgument(let word, let command):
            "'\(command)' does not take '\(word)'"
        case .invalidValue(let option, let value, let expected):
            "'\(option)' is '\(value)', expected \(expected)"
        case .cannotCombine(let first, let second):
            "'\(first)' and '\(second)' cannot be given together"
        }
    }

    private static func question(_ suggestion: String?) -> String {
        suggestion.map { "; did you mean '\($0)'?" } ?? ""
    }
}
