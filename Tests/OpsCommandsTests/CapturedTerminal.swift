import Glibc
import OpsCommands
import StorageTesting

/// Files in the place of a terminal's output and remarks.
final class CapturedTerminal {
    private let directory = TemporaryDirectory()
    var surroundings = Surroundings()
    /// Where a pager of `catPager` writes.
    let paged: String

    init(columns: Int = 80, lines: Int = 24, isTerminal: Bool = false) {
        paged = directory.path + "/paged"
        surroundings.output = open(directory.path + "/output", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        surroundings.remarks = open(directory.path + "/remarks", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        (surroundings.columns, surroundings.lines) = (columns, lines)
        (surroundings.isOutputTerminal, surroundings.areRemarksTerminal) = (isTerminal, isTerminal)
    }

    deinit {
        close(surroundings.output)
        close(surroundings.remarks)
    }

    /// A pager that keeps what it is given.
    var catPager: String { "cat > '\(paged)'" }
    var path: String { directory.path }

    func run(_ words: String...) -> ExitCode { OpsProgram.run(words, terminal: Terminal(surroundings)) }

    var output: String { text(directory.path + "/output") }
    var remarks: String { text(directory.path + "/remarks") }
    var pagedText: String? { access(paged, F_OK) == 0 ? text(paged) : nil }

    func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
