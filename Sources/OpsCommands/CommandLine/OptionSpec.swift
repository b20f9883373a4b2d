/// One `--option` of a command: what the parser accepts, the help prints and the shells complete.
package struct OptionSpec: Sendable {
    /// What a shell offers after the option.
    package enum Candidates: Sendable, Equatable {
        case nothing, files, directories
        case words([String])
    }

    /// Without dashes.
    package let name: String
    /// The word that stands for the value in help texts; nil for a flag.
    package let placeholder: String?
    package let help: String
    package let standard: String?
    package let candidates: Candidates
    /// Whether it may be given more than once.
    package let repeats: Bool

    package static func flag(_ name: String, _ help: String) -> OptionSpec {
        OptionSpec(name: name, placeholder: nil, help: help, standard: nil, candidates: .nothing, repeats: false)
    }

    package static func value(
        _ name: String, _ placeholder: String, _ help: String, standard: String? = nil,
        candidates: Candidates = .nothing, repeats: Bool = false
    ) -> OptionSpec {
        OptionSpec(
            name: name, placeholder: placeholder, help: help, standard: standard, candidates: candidates,
            repeats: repeats)
    }
}
