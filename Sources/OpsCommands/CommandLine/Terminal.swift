import Glibc

/// Where a command writes: results to standard output, remarks and complaints to standard error.
package struct Terminal: Sendable {
    /// Columns of the window, 100 where there is none; never fewer than 40.
    package let width: Int
    package let output: TextStyle
    package let remarks: TextStyle
    private let surroundings: Surroundings
    private let channel: OutputChannel

    package init(_ surroundings: Surroundings = .detected()) {
        self.init(surroundings, colour: .automatic, pages: false)
    }

    /// - Parameter pages: whether output that is longer than the screen goes through the pager.
    private init(_ surroundings: Surroundings, colour: ColourChoice, pages: Bool) {
        self.surroundings = surroundings
        output = TextStyle(
            isColoured: colour.isColoured(surroundings.isOutputTerminal, surroundings.allowsColour))
        remarks = TextStyle(
            isColoured: colour.isColoured(surroundings.areRemarksTerminal, surroundings.allowsColour))
        width = max(40, surroundings.columns ?? 100)
        channel = OutputChannel(
            to: surroundings.output, remarks: surroundings.remarks,
            pager: pages && surroundings.isOutputTerminal ? surroundings.pager : nil,
            screenLines: surroundings.lines ?? 24)
    }

    /// The same place as a command line asks for it.
    func adapted(colour: ColourChoice, pages: Bool) -> Terminal { Terminal(surroundings, colour: colour, pages: pages) }

    /// The same place, where a terminal's reader sees all output through a command that is installed.
    func shown(by command: String) -> Terminal {
        var surroundings = surroundings
        surroundings.pager = Pager.command(set: command, Terminal.environment("PATH") ?? "")
        surroundings.lines = 0
        return Terminal(surroundings, colour: .automatic, pages: true)
    }

    package func write(_ text: String) { channel.write(Array(text.utf8)) }
    package func write(_ bytes: [UInt8]) { channel.write(bytes) }
    package func remark(_ text: String) { channel.remark(text) }

    /// Whether nobody reads the output any more, so that a command that goes on for long may end.
    package var isReaderGone: Bool { channel.isReaderGone }
    package var isOutputTerminal: Bool { surroundings.isOutputTerminal }
    package var areRemarksTerminal: Bool { surroundings.areRemarksTerminal }

    /// Writes what is still held and waits until the pager is left; the last call. Gives the reason when something was not written.
    func finish() -> Int32? { channel.finish() }

    /// Puts a question and reads a line; nil where nobody sits at a terminal to answer it.
    package func answer(to question: String) -> String? {
        guard isatty(STDIN_FILENO) == 1, surroundings.areRemarksTerminal else { return nil }
        remark(question)
        return readLine() ?? ""
    }

    /// The value of an environment variable; an empty one counts as absent, as NO_COLOR's convention has it.
    package static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
