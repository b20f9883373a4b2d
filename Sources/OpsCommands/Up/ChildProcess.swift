import CLinux
import Glibc

/// A program that `up` started. It gets SIGTERM from the kernel when `up` itself dies, however that happens.
final class ChildProcess {
    let name: String
    let logPath: String
    private let process: pid_t
    /// As waitpid told it; nil while the program runs.
    private(set) var status: Int32?

    /// Must be called on the main thread: the kernel's promise is bound to the life of the thread that starts the child.
    init(_ program: UpProgram, executable: String, in data: DataDirectory) throws(OpsError) {
        name = program.name
        let log = try data.openLog(program.name)
        logPath = log.path
        defer { close(log.descriptor) }
        var words: [UnsafeMutablePointer<CChar>?] = ([executable] + program.arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        process = hms_spawn(executable, words, log.descriptor)
        guard process > 0 else { throw .cannotStart(executable, code: errno) }
    }

    var log: String { FileText.tail(logPath) ?? "" }

    /// Looks whether the program has ended.
    func hasEnded() -> Bool {
        guard status == nil else { return true }
        var told: Int32 = 0
        if waitpid(process, &told, WNOHANG) == process { status = told }
        return status != nil
    }

    func signal(_ number: Int32) {
        if !hasEnded() { kill(process, number) }
    }
}
