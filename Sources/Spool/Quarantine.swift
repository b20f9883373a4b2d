import Files
import Glibc

/// The directory where bytes that are no records are kept for a person to look at. Bounded.
struct Quarantine: Sendable {
    let directory: String?
    let maxBytes: Int
    let storage: any Storage

    /// Copies bytes; returns the copy's path, or nil where there is no room for it or it cannot be written.
    func keep(_ bytes: some Collection<UInt8>, as name: String) -> String? {
        guard let directory else { return nil }
        do {
            try makeDirectories(directory)
            let path = "\(directory)/\(name)"
            if access(path, F_OK) == 0 { return path }
            guard try bytesOfFiles(in: directory) + bytes.count <= maxBytes else { return nil }
            let copy = try storage.create(path)
            defer { copy.close() }
            try copy.write(Array(bytes), at: 0)
            return path
        } catch { return nil }
    }

    /// Moves a whole file that holds nothing readable.
    func take(_ path: String, as name: String) -> String? {
        guard let directory else { return nil }
        let target = "\(directory)/\(name)"
        do {
            try makeDirectories(directory)
            guard access(target, F_OK) != 0 else { return nil }
            try storage.rename(path, to: target)
            return target
        } catch { return nil }
    }
}
