/// The shells that `hms-ops completions` writes for.
package enum Shell: String, CaseIterable, Sendable {
    case bash, zsh, fish
}
