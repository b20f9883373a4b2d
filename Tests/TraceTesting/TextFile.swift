import Glibc

/// A whole file as text. Tests find theirs beside their own source.
package enum TextFile {
    package static func read(_ path: String) throws(TextFileError) -> String {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw TextFileError(path: path, code: errno) }
        defer { close(fd) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(fd, &buffer, buffer.count)
            guard count >= 0 else { throw TextFileError(path: path, code: errno) }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    package static func write(_ text: String, to path: String) throws(TextFileError) {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw TextFileError(path: path, code: errno) }
        defer { close(fd) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            guard count > 0 else { throw TextFileError(path: path, code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// The names in a directory that end so, without the ending, in order.
    package static func names(in directory: String, ending: String) throws(TextFileError) -> [String] {
        guard let listing = opendir(directory) else { throw TextFileError(path: directory, code: errno) }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(ending) { names.append(String(name.dropLast(ending.count))) }
        }
        return names.sorted()
    }
}

package struct TextFileError: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    package var description: String { "'\(path)': \(String(cString: strerror(code)))" }
}
