package import TraceAssembly

/// Colours text, or leaves it as it is.
package struct TerminalPen: Sendable {
    package let isColoured: Bool

    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// From the 256 colours: grey-blue, blue, gold, orange, crimson. All have a contrast of 3:1 at least on black and on
    /// white but for gold and orange on white, which the share in per cent repeats.
    private static let steps = [103, 67, 178, 208, 198]

    package func step(_ step: LatencyStep, _ text: String) -> String {
        let weight = step >= .large ? "1;" : ""
        return paint("\(weight)38;5;\(Self.steps[Int(step.rawValue)])", text)
    }

    package func bold(_ text: String) -> String { paint("1", text) }
    package func faint(_ text: String) -> String { paint("38;5;245", text) }
    package func error(_ text: String) -> String { paint("38;5;203", text) }

    private func paint(_ code: String, _ text: String) -> String {
        guard isColoured, text.contains(where: { $0 != " " }) else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
