import Files
import Glibc

/// The directory where bytes of logs that are no frames are kept for a person to look at. Bounded.
struct Quarantine {
    let directory: String
    let maxBytes: Int
    let storage: any Storage

    /// Copies a stretch of a log; returns the copy's path, or nil where there is no room for it or it cannot be written.
    func keep(_ log: borrowing ReadFile, number: UInt32, from offset: Int, to end: Int) -> String? {
        do {
            try makeDirectories(directory)
            let path = "\(directory)/\(number)-\(offset).damaged"
            guard try bytesOfFiles(in: directory) + (end - offset) <= maxBytes else { return nil }
            if access(path, F_OK) == 0 { return path }
            let copy = try storage.create(path)
            defer { copy.close() }
            var buffer: [UInt8] = []
            var position = offset
            while position < end {
                try log.read(min(1 << 20, end - position), at: position, into: &buffer)
                if buffer.isEmpty { break }
                try copy.write(buffer, at: position - offset)
                position += buffer.count
            }
            return path
        } catch { return nil }
    }

    /// Removes what was kept of these segments; returns how many files that were.
    func remove(of segments: Set<UInt32>) throws(StorageFailure) -> Int {
        guard fileExists(directory) else { return 0 }
        var removed = 0
        for name in try listDirectory(directory) {
            let digits = name.prefix { $0.isASCII && $0.isNumber }
            guard let number = UInt32(digits), segments.contains(number) else { continue }
            try storage.remove("\(directory)/\(name)")
            removed += 1
        }
        return removed
    }

    /// Moves a whole file that holds nothing readable.
    func take(_ path: String, number: UInt32) -> String? {
        let target = "\(directory)/\(number).log"
        do {
            try makeDirectories(directory)
            guard access(target, F_OK) != 0 else { return nil }
            try storage.rename(path, to: target)
            return target
        } catch { return nil }
    }
}
