import CLinux
import Glibc

/// A file open for reading, closed when it goes out of scope.
struct ReadFile: ~Copyable {
    private let descriptor: Int32
    let path: String

    init(_ path: String) throws(StorageFailure) {
        descriptor = hms_open(path, O_RDONLY, 0)
        self.path = path
        guard descriptor >= 0 else { throw StorageFailure("opening", path, code: errno) }
    }

    deinit { _ = close(descriptor) }

    func size() throws(StorageFailure) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StorageFailure("stat of", path, code: errno) }
        return Int(status.st_size)
    }

    /// Reads up to `length` bytes at `offset` into `buffer`, replacing its content; fewer only at the end of the file.
    func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure) {
        if buffer.count < length { buffer = [UInt8](repeating: 0, count: length) }
        var filled = 0
        while filled < length {
            let result = buffer.withUnsafeMutableBytes { bytes in
                pread(descriptor, bytes.baseAddress! + filled, length - filled, off_t(offset + filled))
            }  // not empty inside the loop, so the base address is there
            if result < 0 {
                if errno == EINTR { continue }
                throw StorageFailure("reading", path, code: errno)
            }
            if result == 0 { break }
            filled += result
        }
        buffer.removeLast(buffer.count - filled)
    }

    /// Maps the first `length` bytes, which must be there, to be read only.
    func map(_ length: Int) throws(StorageFailure) -> UnsafeRawBufferPointer {
        guard length > 0, let address = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED
        else { throw StorageFailure("mapping", path, code: length > 0 ? errno : EINVAL) }
        return UnsafeRawBufferPointer(start: address, count: length)
    }
}

/// Names of the files in a directory, unordered.
func listDirectory(_ path: String) throws(StorageFailure) -> [String] {
    guard let directory = opendir(path) else { throw StorageFailure("listing", path, code: errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

/// Makes a directory and those above it where they are missing.
func makeDirectories(_ path: String) throws(StorageFailure) {
    if mkdir(path, 0o750) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
        throw StorageFailure("creating directory", path, code: errno)
    }
    try makeDirectories(String(path[..<slash]))
    guard mkdir(path, 0o750) == 0 || errno == EEXIST else {
        throw StorageFailure("creating directory", path, code: errno)
    }
}
