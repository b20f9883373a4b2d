import CLinux
import Glibc

/// A file open for reading, closed when it goes out of scope.
package struct ReadFile: ~Copyable {
    private let descriptor: Int32
    package let path: String

    package init(_ path: String) throws(StorageFailure) {
        // What is no file, such as a pipe that somebody put there, must not be waited for.
        descriptor = hms_open(path, O_RDONLY | O_NONBLOCK, 0)
        self.path = path
        guard descriptor >= 0 else { throw StorageFailure("opening", path, code: errno) }
    }

    deinit { _ = close(descriptor) }

    package func size() throws(StorageFailure) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StorageFailure("stat of", path, code: errno) }
        return Int(status.st_size)
    }

    /// Reads up to `length` bytes at `offset` into `buffer`, replacing its content; fewer only at the end of the file.
    package func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure) {
        try readFully(descriptor, path, length, at: offset, into: &buffer)
    }

    /// Maps the first `length` bytes, which must be there, to be read only. What is looked at is read and nothing around it, which
    /// may be megabytes: see `willRead`.
    package func map(_ length: Int) throws(StorageFailure) -> UnsafeRawBufferPointer {
        guard length > 0, let address = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED
        else { throw StorageFailure("mapping", path, code: length > 0 ? errno : EINVAL) }
        madvise(address, length, MADV_RANDOM)
        return UnsafeRawBufferPointer(start: address, count: length)
    }
}

/// Begins to read a part of a mapping that will be looked at from one end to the other.
package func willRead(_ part: UnsafeRawBufferPointer) {
    guard let base = part.baseAddress, part.count > 0 else { return }
    let start = UInt(bitPattern: base) & ~(UInt(getpagesize()) - 1)
    madvise(UnsafeMutableRawPointer(bitPattern: start), Int(UInt(bitPattern: base) - start) + part.count, MADV_WILLNEED)
}

/// Unmaps the pages of a mapping that were touched: the system keeps them, and they come back when they are looked at.
package func releasePages(of mapping: UnsafeRawBufferPointer) {
    madvise(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count, MADV_DONTNEED)
}

/// Fills `buffer` with up to `length` bytes of a file; fewer only at its end.
func readFully(
    _ descriptor: Int32, _ path: String, _ length: Int, at offset: Int, into buffer: inout [UInt8]
) throws(StorageFailure) {
    buffer.removeAll(keepingCapacity: buffer.capacity >= length)
    var code: Int32 = 0
    buffer.append(addingCapacity: length) { (room: inout OutputSpan<UInt8>) in
        room.withUnsafeMutableBufferPointer { bytes, filled in
            while filled < length {
                // Not empty inside the loop, so the base address is there.
                let result = pread(descriptor, bytes.baseAddress! + filled, length - filled, off_t(offset + filled))
                if result < 0, errno == EINTR { continue }
                if result < 0 { code = errno }
                if result <= 0 { break }
                filled += result
            }
        }
    }
    if code != 0 { throw StorageFailure("reading", path, code: code) }
}

/// Names of the files in a directory, unordered.
package func listDirectory(_ path: String) throws(StorageFailure) -> [String] {
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

/// Of the files that stand in a directory, those below it left out.
package func bytesOfFiles(in directory: String) throws(StorageFailure) -> Int {
    var total = 0
    for name in try listDirectory(directory) {
        var status = stat()
        if stat("\(directory)/\(name)", &status) == 0 { total += Int(status.st_size) }
    }
    return total
}

package func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Makes a directory and those above it where they are missing.
package func makeDirectories(_ path: String) throws(StorageFailure) {
    if mkdir(path, 0o750) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
        throw StorageFailure("creating directory", path, code: errno)
    }
    try makeDirectories(String(path[..<slash]))
    guard mkdir(path, 0o750) == 0 || errno == EEXIST else {
        throw StorageFailure("creating directory", path, code: errno)
    }
}
