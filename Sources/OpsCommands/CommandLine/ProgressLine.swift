import EventLoop

/// One line of a terminal that is written over again and again; nothing where standard error is no terminal. Lives on one
/// thread.
final class ProgressLine {
    private static let pause = Duration.milliseconds(200)

    private let terminal: Terminal
    private var last: MonotonicTime?
    private var isShown = false

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// At most five times a second; `text` is asked for only then.
    func show(_ text: () -> String) {
        guard terminal.remarks.isColoured, terminal.areRemarksTerminal else { return }
        let now = MonotonicTime.now()
        if let last, now - last < Self.pause { return }
        last = now
        isShown = true
        let line = String(text().withoutControls.prefix(max(1, terminal.width - 1)))
        terminal.remark("\r\u{1B}[K" + line)
    }

    /// Makes room for another line.
    func clear() {
        guard isShown else { return }
        isShown = false
        terminal.remark("\r\u{1B}[K")
    }
}
