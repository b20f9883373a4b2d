import Glibc

/// A file at the top of the repository that shows every setting of one program.
struct ReferenceFile {
    let path: String

    /// - Parameter testFile: lies in a directory of `Tests`.
    init(name: String, testFile: String = #filePath) {
        let root = testFile.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        path = (root + [Substring(name)]).joined(separator: "/")
    }

    /// Whether this run is to write the file instead of finding it wanting; `scripts/write-reference-configuration` asks so.
    static var isToBeWritten: Bool { getenv("WRITE_REFERENCE_CONFIGURATION") != nil }

    func read() throws -> String {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(fd) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(fd, &buffer, buffer.count)
            guard count >= 0 else { throw Failure(path: path, code: errno) }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    func write(_ text: String) throws {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(fd) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(path: path, code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let path: String
        let code: Int32
        var description: String { "'\(path)': \(String(cString: strerror(code)))" }
    }
}
