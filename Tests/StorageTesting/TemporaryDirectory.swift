import Files
import Glibc

/// A directory of a test's own, removed when the last reference goes.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() {
        var template = Array("/tmp/hms-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            // mkdtemp writes into the buffer it is given and returns it, or nil when /tmp is not writable.
            String(cString: mkdtemp(buffer.baseAddress!)!)
        }
    }

    deinit { Self.remove(path) }

    /// A copy of the regular files in it, one level of directories deep, as a crash at this moment would leave them.
    package func copy() -> TemporaryDirectory {
        let target = TemporaryDirectory()
        for name in names() where name != "lock" {
            var status = stat()
            guard stat("\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            target.write(bytes(name), to: name)
        }
        return target
    }

    /// A copy of all of it, without locks, as a process finds it that starts after this one was killed.
    package func copyTree() -> TemporaryDirectory {
        let target = TemporaryDirectory()
        Self.copyTree(from: path, to: target.path)
        return target
    }

    private static func copyTree(from source: String, to target: String) {
        for name in (try? listDirectory(source)) ?? [] where name != "lock" {
            var status = stat()
            guard stat("\(source)/\(name)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                mkdir("\(target)/\(name)", 0o750)
                copyTree(from: "\(source)/\(name)", to: "\(target)/\(name)")
            } else if let file = try? ReadFile("\(source)/\(name)"),
                let copy = try? LocalStorage().create("\(target)/\(name)")
            {
                var bytes: [UInt8] = []
                try? file.read(Int(status.st_size), at: 0, into: &bytes)
                try? copy.write(bytes, at: 0)
                copy.close()
            }
        }
    }

    /// Changes one file's bytes.
    package func change(_ name: String, _ change: (inout [UInt8]) -> Void) {
        var bytes = bytes(name)
        change(&bytes)
        write(bytes, to: name)
    }

    package func names() -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func bytes(_ name: String) -> [UInt8] {
        let descriptor = open("\(path)/\(name)", O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return result }
            result.append(contentsOf: buffer.prefix(count))
        }
    }

    package func write(_ bytes: [UInt8], to name: String) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "cannot write \(path)/\(name)")
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
            }  // not empty inside the loop
            precondition(count > 0, "cannot write \(path)/\(name)")
            written += count
        }
    }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR, let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            closedir(directory)
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
