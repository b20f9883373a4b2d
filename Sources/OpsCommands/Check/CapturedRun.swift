import CLinux
import Glibc

/// Runs a program to its end and keeps what it says.
struct CapturedRun {
    let exitCode: Int32
    let output: String

    /// More than this of the output is thrown away.
    private static let longestOutput = 64 << 10

    init(_ executable: String, _ arguments: [String]) throws(OpsError) {
        var pipe: [Int32] = [-1, -1]
        guard hms_pipe2_cloexec(&pipe) == 0 else { throw .cannotStart(executable, code: errno) }
        defer { close(pipe[0]) }
        var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        let process = hms_spawn(executable, words, pipe[1])
        let code = errno
        close(pipe[1])
        guard process > 0 else { throw .cannotStart(executable, code: code) }

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(pipe[0], &buffer, buffer.count)
            if count > 0 {
                bytes += buffer.prefix(min(count, Self.longestOutput - bytes.count))
            } else if count == 0 || errno != EINTR {
                break
            }
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        exitCode = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        output = String(decoding: bytes, as: UTF8.self)
    }
}
