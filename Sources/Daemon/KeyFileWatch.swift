import Glibc

/// Tells from what the file system says of `keys.file` whether it is to be read again. A change counts once two looks in a
/// row agree about it, so that a file that is being written is left alone until it is done.
struct KeyFileWatch: Sendable {
    struct Look: Sendable, Equatable {
        var device: UInt64
        var number: UInt64
        var size: Int64
        var modified: Int64
        var changed: Int64

        /// Nil when there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            number = UInt64(status.st_ino)
            size = Int64(status.st_size)
            modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
            changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
        }

        init(device: UInt64 = 1, number: UInt64, size: Int64 = 0, modified: Int64 = 0, changed: Int64 = 0) {
            self.device = device
            self.number = number
            self.size = size
            self.modified = modified
            self.changed = changed
        }
    }

    /// The file as it was when it was last read.
    private var known: Look?
    private var seen: Look?

    /// Whether the file is to be read. One that has gone changes nothing: a file that is replaced may be away for a moment.
    mutating func isToBeRead(_ look: Look?) -> Bool {
        guard let look, look != known else {
            seen = nil
            return false
        }
        defer { seen = look }
        return look == seen
    }

    /// To be called with a look from before the reading, so that a change during it is seen as one.
    mutating func wasRead(_ look: Look?) {
        known = look
        seen = nil
    }
}
