import CLinux
import Glibc

/// Where `up` keeps what its programs store and log.
struct DataDirectory: Sendable {
    let path: String

    /// The directory named, or `hms-ops` under $XDG_STATE_HOME or ~/.local/state.
    init(named path: String?) throws(OpsError) {
        if let path {
            self.path = path
        } else if let state = Terminal.environment("XDG_STATE_HOME") {
            self.path = state + "/hms-ops"
        } else if let home = Terminal.environment("HOME") {
            self.path = home + "/.local/state/hms-ops"
        } else {
            throw .noHome
        }
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Makes the directory and a sub-directory of it, with all that lies above.
    func make(_ name: String) throws(OpsError) {
        let whole = file(name) + "/"
        for end in whole.indices.dropFirst() where whole[end] == "/" {
            let directory = String(whole[..<end])
            if mkdir(directory, 0o755) != 0, errno != EEXIST {
                throw .file(directory, operation: "create directory", code: errno)
            }
        }
    }

    /// Opens a fresh log for appending; the one of the run before is kept as `.1`.
    func openLog(_ name: String) throws(OpsError) -> (path: String, descriptor: Int32) {
        let path = file("logs/" + name + ".log")
        rename(path, path + ".1")
        let descriptor = hms_open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else { throw .file(path, operation: "write log", code: errno) }
        return (path, descriptor)
    }
}
