/// What a command line said, checked against its command's spec.
package struct ParsedArguments: Sendable {
    let spec: CommandSpec
    package internal(set) var arguments: [String] = []
    var given: [String: [String]] = [:]

    package func has(_ flag: String) -> Bool {
        given[known(flag).name] != nil
    }

    /// The value given, or the option's standard one.
    package func value(_ option: String) -> String? {
        let spec = known(option)
        return given[spec.name]?.last ?? spec.standard
    }

    package func values(_ option: String) -> [String] {
        given[known(option).name] ?? []
    }

    package func integer(_ option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = value(option) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .invalidValue(
                option: "--" + option, value: text,
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Throws when more than one of these options is given.
    func allowOne(of options: [String]) throws(UsageError) {
        let found = options.filter { has($0) }
        if found.count > 1 { throw .cannotCombine("--" + found[0], "--" + found[1]) }
    }

    /// A misspelt name is a mistake of ours, not of the person at the keyboard.
    private func known(_ name: String) -> OptionSpec {
        guard let option = spec.option(named: name) else {
            preconditionFailure("command '\(spec.name)' reads '--\(name)', which its spec lacks")
        }
        return option
    }
}
