/// What `--color` says.
enum ColourChoice: String, CaseIterable, Sendable {
    case automatic = "auto"
    case always
    case never

    static let option = OptionSpec.value(
        "color", "WHEN", "colours: on a terminal without NO_COLOR, always, or never", standard: automatic.rawValue,
        candidates: .words(allCases.map(\.rawValue)))

    func isColoured(_ isTerminal: Bool, _ isAllowed: Bool) -> Bool {
        switch self {
        case .automatic: isTerminal && isAllowed
        case .always: true
        case .never: false
        }
    }
}
