import Glibc

/// A program that shows long output a screen at a time, and reads it from a pipe. While it runs, the keys are its own: Ctrl-C
/// does not end this program, and its end is told by `write`, not by a signal.
struct Pager: ~Copyable {
    /// Where to write.
    let pipe: Int32
    private let process: pid_t
    private let handlers: [(signal: Int32, handler: sighandler_t?)]

    /// What `PAGER` says, or less where it is installed; nil for none: a PAGER that is empty or `cat`, or one that is not there.
    static func command(set: String?, _ path: String) -> String? {
        guard let set else { return isInstalled("less", path) ? "less -RFX" : nil }
        let words = set.split(separator: " ")
        guard let program = words.first, words != ["cat"], isInstalled(String(program), path) else { return nil }
        return set
    }

    private static func isInstalled(_ program: String, _ path: String) -> Bool {
        if program.contains("/") { return access(program, X_OK) == 0 }
        return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    /// Nil when it cannot be started.
    init?(_ command: String) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { return nil }
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        // As git does it: colours pass, and what fits is simply printed. Set only where nobody chose otherwise.
        setenv("LESS", "RFX", 0)
        setenv("LV", "-c", 0)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var usual = sigset_t()
        sigemptyset(&usual)
        for signal in Self.signals { sigaddset(&usual, signal) }
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
            close(ends[0])
        }
        let texts: [String] = ["sh", "-c", command]
        var words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        guard posix_spawn(&child, "/bin/sh", &actions, &attributes, &words, environ) == 0 else {
            close(ends[1])
            return nil
        }
        (pipe, process) = (ends[1], child)
        handlers = Self.signals.map { ($0, signal($0, SIG_IGN)) }
    }

    private static let signals = [SIGPIPE, SIGINT, SIGQUIT]

    /// Ends the output and waits until the pager has been left.
    consuming func finish() {
        close(pipe)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        for (number, handler) in handlers { signal(number, handler) }
    }
}
