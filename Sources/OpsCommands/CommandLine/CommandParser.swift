/// Reads the words after a command's name: `--name value`, `--name=value`, flags, arguments, and `--` before words
/// that only look like options.
package enum CommandParser {
    package static func parse(_ words: [String], for spec: CommandSpec) throws(UsageError) -> ParsedArguments {
        var parsed = ParsedArguments(spec: spec)
        var rest = words[...]
        var optionsEnded = false
        while let word = rest.popFirst() {
            if !optionsEnded, word == "--" {
                optionsEnded = true
            } else if !optionsEnded, word.hasPrefix("-"), word != "-" {
                try readOption(word, from: &rest, into: &parsed)
            } else {
                try readArgument(word, into: &parsed)
            }
        }
        if !parsed.has("help") {
            let missing = spec.arguments.dropFirst(parsed.arguments.count).first { $0.isRequired }
            if let missing { throw .missingArgument(missing.name, command: spec.name) }
        }
        return parsed
    }

    private static func readOption(
        _ word: String, from rest: inout ArraySlice<String>, into parsed: inout ParsedArguments
    ) throws(UsageError) {
        let spec = parsed.spec
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = word == "-h" ? "help" : String(parts[0].drop { $0 == "-" })
        guard word == "-h" || word.hasPrefix("--"), let option = spec.option(named: name) else {
            let nearest = Suggestion.nearest(to: name, among: spec.options.map(\.name))
            throw .unknownOption(String(parts[0]), command: spec.name, suggestion: nearest.map { "--" + $0 })
        }
        let value: String
        if let placeholder = option.placeholder {
            if parts.count == 2 {
                value = String(parts[1])
            } else if let next = rest.popFirst() {
                value = next
            } else {
                throw .missingValue(option: name, placeholder: placeholder)
            }
            if !option.repeats, parsed.given[name] != nil { throw .givenTwice(option: name) }
            if case .words(let words) = option.candidates, !words.contains(value) {
                throw .invalidValue(option: "--" + name, value: value, expected: listed(words))
            }
        } else {
            guard parts.count == 1 else { throw .unexpectedValue(option: name) }
            value = ""
        }
        parsed.given[name, default: []].append(value)
    }

    private static func readArgument(_ word: String, into parsed: inout ParsedArguments) throws(UsageError) {
        let spec = parsed.spec
        let next = parsed.arguments.count
        guard let argument = next < spec.arguments.count ? spec.arguments[next] : spec.arguments.last,
            next < spec.arguments.count || argument.repeats
        else { throw .unexpectedArgument(word, command: spec.name) }
        guard argument.words.isEmpty || argument.words.contains(word) else {
            throw .invalidValue(option: argument.name, value: word, expected: listed(argument.words))
        }
        parsed.arguments.append(word)
    }

    private static func listed(_ words: [String]) -> String {
        words.count < 2
            ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
    }
}
