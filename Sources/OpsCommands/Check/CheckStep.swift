/// One thing that `check` looked at.
package struct CheckStep: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        case passed
        case failed(reason: String, remedy: String)
    }

    package let what: String
    package let outcome: Outcome

    package init(_ what: String, _ outcome: Outcome) {
        self.what = what
        self.outcome = outcome
    }

    package var isPassed: Bool { outcome == .passed }

    package func text(style: TextStyle) -> String {
        switch outcome {
        case .passed:
            return "\(style.green("ok"))      \(what)\n"
        case .failed(let reason, let remedy):
            let lines = reason.split(separator: "\n").map { "        \($0)\n" }.joined()
            return "\(style.red("failed"))  \(what)\n\(lines)        → \(remedy)\n"
        }
    }
}
