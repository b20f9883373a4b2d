import Glibc

/// Where a command writes: results to standard output, remarks and complaints to standard error.
package struct Terminal: Sendable {
    /// Columns of the window, 100 where there is none.
    package let width: Int
    package let output: TextStyle
    package let remarks: TextStyle

    package init() {
        let allowed = Self.environment("NO_COLOR") == nil && Self.environment("TERM") != "dumb"
        output = TextStyle(isColoured: allowed && isatty(STDOUT_FILENO) == 1)
        remarks = TextStyle(isColoured: allowed && isatty(STDERR_FILENO) == 1)
        var size = winsize()
        let known = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        width = known ? max(40, Int(size.ws_col)) : 100
    }

    package func write(_ text: String) { Self.write(text, to: STDOUT_FILENO) }
    package func remark(_ text: String) { Self.write(text, to: STDERR_FILENO) }

    /// Puts a question and reads a line; nil where nobody sits at a terminal to answer it.
    package func answer(to question: String) -> String? {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        remark(question)
        return readLine() ?? ""
    }

    /// The value of an environment variable; an empty one counts as absent, as NO_COLOR's convention has it.
    package static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// Writes all of `text`. A reader that has gone away, as in `hms-ops trace … | head`, is no error.
    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let written = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                offset += written
            } else if errno != EINTR {
                return
            }
        }
    }
}
