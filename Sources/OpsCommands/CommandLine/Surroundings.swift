import Glibc

/// What a program can know of the place it writes to.
package struct Surroundings: Sendable {
    package var output: Int32 = STDOUT_FILENO
    package var remarks: Int32 = STDERR_FILENO
    package var isOutputTerminal = false
    package var areRemarksTerminal = false
    /// Nil where nothing tells.
    package var columns: Int?
    package var lines: Int?
    /// False where NO_COLOR or a dumb terminal asks for none.
    package var allowsColour = true
    /// A command for the shell; nil where none is to be used.
    package var pager: String?

    package init() {}

    /// From the terminal itself and the environment; COLUMNS and LINES, where they are set, go over what the terminal says.
    package static func detected() -> Surroundings {
        var found = Surroundings()
        found.isOutputTerminal = isatty(STDOUT_FILENO) == 1
        found.areRemarksTerminal = isatty(STDERR_FILENO) == 1
        found.allowsColour = Terminal.environment("NO_COLOR") == nil && Terminal.environment("TERM") != "dumb"
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 {
            if size.ws_col > 0 { found.columns = Int(size.ws_col) }
            if size.ws_row > 0 { found.lines = Int(size.ws_row) }
        }
        if let columns = number("COLUMNS") { found.columns = columns }
        if let lines = number("LINES") { found.lines = lines }
        found.pager = Pager.command(
            set: getenv("PAGER").map { String(cString: $0) }, Terminal.environment("PATH") ?? "")
        return found
    }

    private static func number(_ variable: String) -> Int? {
        Terminal.environment(variable).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }
}
