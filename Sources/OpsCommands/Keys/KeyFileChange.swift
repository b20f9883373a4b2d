import Access
import CLinux
import Glibc

/// A change of `keys.file`: it is locked and read, and replaced by a whole new one, so that whoever reads it sees one or
/// the other. The new file is its owner's alone (0600); where the old one's owner and group could read it, they still can.
final class KeyFileChange {
    /// As it is; empty where there is none yet.
    let text: String
    /// Behind symbolic links, which stay.
    private let path: String
    private let descriptor: Int32
    private let before: stat?

    init(_ path: String, mayCreate: Bool) throws(OpsError) {
        let real = Self.resolved(path)
        var descriptor: Int32 = -1
        var status = stat()
        // Whoever held the lock may have put another file in the place of the one that was opened here.
        for _ in 0..<8 {
            descriptor = hms_open(real, O_RDONLY | O_NOFOLLOW, 0)
            if descriptor < 0 { break }
            guard hms_flock_exclusive(descriptor) == 0 else {
                let code = errno
                close(descriptor)
                throw .file(path, operation: "lock, as another hms-ops may be changing it,", code: code)
            }
            var now = stat()
            if fstat(descriptor, &status) == 0, stat(real, &now) == 0, now.st_ino == status.st_ino { break }
            close(descriptor)
            descriptor = -1
            errno = EAGAIN
        }
        if descriptor < 0 {
            let code = errno
            guard code == ENOENT, mayCreate else { throw .file(path, operation: "open", code: code) }
            text = ""
            before = nil
        } else {
            before = status
            do { text = try Self.read(descriptor, path) } catch {
                close(descriptor)
                throw error
            }
        }
        self.path = real
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func replace(_ text: String) throws(OpsError) {
        guard text.utf8.count <= KeyFile.longestFile else { throw .file(path, operation: "enlarge", code: EFBIG) }
        let fresh = path + ".new-\(getpid())"
        let new = hms_open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        guard new >= 0 else { throw .file(fresh, operation: "create", code: errno) }
        do throws(OpsError) {
            defer { close(new) }
            if let before {
                let mode = 0o600 | before.st_mode & 0o040
                guard fchmod(new, mode) == 0, Self.give(new, to: before) else {
                    throw .file(fresh, operation: "set owner and permissions of", code: errno)
                }
            }
            try Self.write(text, new, fresh)
            guard fsync(new) == 0 else { throw .file(fresh, operation: "write", code: errno) }
            // Without an old file there is no lock; a link fails where another was quicker, a rename would not.
            if before == nil {
                guard link(fresh, path) == 0 else { throw .file(path, operation: "create", code: errno) }
                unlink(fresh)
            } else {
                guard rename(fresh, path) == 0 else { throw .file(path, operation: "replace", code: errno) }
            }
        } catch {
            unlink(fresh)
            throw error
        }
        synchronizeDirectory()
    }

    static func read(_ path: String) throws(OpsError) -> String {
        let descriptor = hms_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw .file(path, operation: "open", code: errno) }
        defer { close(descriptor) }
        return try read(descriptor, path)
    }

    private static func read(_ descriptor: Int32, _ path: String) throws(OpsError) -> String {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw .file(path, operation: "read", code: errno) }
            if count == 0 { return String(decoding: content, as: UTF8.self) }
            content.append(contentsOf: buffer[..<count])
            guard content.count <= KeyFile.longestFile else { throw .file(path, operation: "read", code: EFBIG) }
        }
    }

    private static func write(_ text: String, _ descriptor: Int32, _ path: String) throws(OpsError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw .file(path, operation: "write", code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Only an administrator can give files away; for others it has to be theirs already.
    private static func give(_ descriptor: Int32, to owner: stat) -> Bool {
        var own = stat()
        guard fstat(descriptor, &own) == 0 else { return false }
        return own.st_uid == owner.st_uid && own.st_gid == owner.st_gid
            || fchown(descriptor, owner.st_uid, owner.st_gid) == 0
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private func synchronizeDirectory() {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = hms_open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
