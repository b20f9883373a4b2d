import Glibc
import OpsCommands
import Testing

@Suite("Long output goes through the pager, where there is a screen", .serialized)
struct PagingTests {
    @Test("What fits the screen is printed; what does not goes to the pager, all of it")
    func screen() {
        let short = CapturedTerminal(lines: 500, isTerminal: true)
        short.surroundings.pager = short.catPager
        #expect(short.run("--help") == .success)
        #expect(short.output.contains("Commands") && short.pagedText == nil)

        let long = CapturedTerminal(lines: 10, isTerminal: true)
        long.surroundings.pager = long.catPager
        #expect(long.run("--help") == .success)
        #expect(long.output == "" && long.pagedText == short.output)
    }

    @Test("No pager where output goes to a file, with --no-pager, or for a command that has none")
    func never() {
        let file = CapturedTerminal(lines: 5)
        file.surroundings.pager = file.catPager
        #expect(file.run("trace", "--help") == .success)
        #expect(file.pagedText == nil && file.output.contains("--critical"))

        let page = CapturedTerminal(lines: 5, isTerminal: true)
        page.surroundings.pager = page.catPager
        #expect(page.run("completions", "bash") == .success)
        #expect(page.pagedText == nil && page.output.contains("_hms_ops"))
        // Nothing listens there.
        #expect(
            page.run("trace", String(repeating: "1", count: 32), "--no-pager", "--collector", "127.0.0.1:1") == .failure
        )
        #expect(page.pagedText == nil && page.remarks.contains("127.0.0.1:1"))
    }

    @Test("A pager that is left early ends the output without a complaint")
    func leftEarly() {
        let terminal = CapturedTerminal(lines: 2, isTerminal: true)
        terminal.surroundings.pager = "head -n 1 > '\(terminal.paged)'"
        #expect(terminal.run("--help") == .success)
        #expect(terminal.pagedText?.split(separator: "\n").count == 1)
        #expect(terminal.remarks == "")
    }

    @Test("Nobody reads: a command that goes on for long is told", .timeLimit(.minutes(1)))
    func readerGone() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        var surroundings = Surroundings()
        surroundings.output = ends[1]
        signal(SIGPIPE, SIG_IGN)
        let terminal = Terminal(surroundings)
        #expect(!terminal.isReaderGone)
        terminal.write("x")
        #expect(terminal.isReaderGone)
        close(ends[1])
    }

    @Test("Colours: on a terminal unless NO_COLOR or the option forbids, elsewhere only if asked for")
    func colours() {
        func isColoured(_ options: String..., isTerminal: Bool, allows: Bool = true) -> Bool {
            let terminal = CapturedTerminal(lines: 500, isTerminal: isTerminal)
            terminal.surroundings.allowsColour = allows
            let words = ["trace", "--help"] + options
            _ = OpsProgram.run(words, terminal: Terminal(terminal.surroundings))
            return terminal.output.contains("\u{1B}[")
        }
        #expect(isColoured(isTerminal: true))
        #expect(!isColoured(isTerminal: true, allows: false))
        #expect(!isColoured(isTerminal: false))
        #expect(isColoured("--color=always", isTerminal: false, allows: false))
        #expect(!isColoured("--color", "never", isTerminal: true))
        #expect(CapturedTerminal().run("trace", "--help", "--color=green") == .usage)
    }

    @Test("The width is what COLUMNS or the terminal says, at least 40")
    func width() {
        var surroundings = Surroundings()
        #expect(Terminal(surroundings).width == 100)
        surroundings.columns = 72
        #expect(Terminal(surroundings).width == 72)
        surroundings.columns = 3
        #expect(Terminal(surroundings).width == 40)
    }
}
