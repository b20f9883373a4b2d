import CLinux
import Files
import Glibc
import SelfTelemetry
import Synchronization
import TLS

/// Writes administrative acts to `audit.log` in a directory, mode 0600, as lines that each hold the digest of the one before.
/// Any thread may call it. An act is a `write` and, where the caller may wait for the disk, an `fdatasync`.
package final class AuditLog: Sendable {
    private struct State {
        var descriptor: Int32
        var bytes: Int
        var chain: AuditChain
    }

    private let files: AuditFiles
    private let longestFile: Int
    private let clock: @Sendable () -> UInt64
    private let state: Mutex<State>

    /// What `open` found and mended, for the program's log.
    package let remarks: [String]

    /// Opens or begins the log of a directory that exists.
    ///
    /// A line that was cut off by the end of a process or of the machine was never acknowledged, and is taken away. Whatever
    /// else is wrong with earlier lines stays for `hms-ops audit --verify` to find: new lines follow the last one as it is.
    package init(
        directory: String, longestFile: Int = AuditFiles.longestFile,
        clock: @escaping @Sendable () -> UInt64 = WallClock.unixNanoseconds
    ) throws(AuditProblem) {
        files = AuditFiles(directory: directory)
        self.longestFile = longestFile
        self.clock = clock
        var chain = AuditChain()
        var remarks: [String] = []
        // The newest file may be empty just after it was begun; the chain goes on from the one before.
        for path in [files.older(1), files.current] where fileExists(path) {
            let (lines, torn) = try AuditFiles.lines(of: path)
            if let last = lines.last {
                let sequence = AuditEntry.link(of: last)?.sequence
                if sequence == nil {
                    remarks.append("the last line of '\(path)' is no entry; it was changed or damaged")
                }
                chain.follow(last, as: sequence ?? chain.sequence + UInt64(lines.count))
            }
            if torn > 0, path == files.current {
                remarks.append("\(torn) bytes of a line that was cut off were taken away from '\(path)'")
                guard truncate(path, off_t(lines.reduce(0) { $0 + $1.count + 1 })) == 0 else {
                    throw Self.problem("truncating", path)
                }
            }
        }
        let (descriptor, bytes) = try Self.append(to: files.current)
        self.remarks = remarks
        state = Mutex(State(descriptor: descriptor, bytes: bytes, chain: chain))
    }

    deinit { state.withLock { if $0.descriptor >= 0 { _ = close($0.descriptor) } } }

    /// Sequence number and digest of the last line.
    package var head: (sequence: UInt64, digest: String) { state.withLock { ($0.chain.sequence, $0.chain.head) } }

    /// Writes one act.
    ///
    /// - Parameter durably: whether to wait until it is on the disk; not for threads that serve.
    package func record(
        _ act: String, by: String, _ details: KeyValuePairs<String, String> = [:], durably: Bool = true
    ) throws(AuditProblem) {
        try state.withLock { state throws(AuditProblem) in
            if state.bytes >= longestFile { try rotate(&state) }
            let entry = AuditEntry(
                sequence: state.chain.sequence + 1, time: clock(), act: act, by: by,
                details: details.map { AuditEntry.Detail($0.key, $0.value) }, previous: state.chain.head)
            let line = entry.line
            try write(line + [UInt8(ascii: "\n")], &state)
            state.chain.follow(line[...], as: entry.sequence)
            if durably {
                guard fdatasync(state.descriptor) == 0 else { throw Self.problem("fdatasync of", files.current) }
            }
        }
    }

    /// The last `limit` lines, the oldest of them first, as they stand.
    package func newest(_ limit: Int) throws(AuditProblem) -> [ArraySlice<UInt8>] {
        try state.withLock { _ throws(AuditProblem) in
            var found: [ArraySlice<UInt8>] = []
            for path in files.existing.reversed() where found.count < limit {
                found = try AuditFiles.lines(of: path).lines.suffix(limit - found.count) + found
            }
            return found
        }
    }

    /// All of it or nothing: what a full disk let through of a line is taken back.
    private func write(_ bytes: [UInt8], _ state: inout State) throws(AuditProblem) {
        guard state.descriptor >= 0 else { throw AuditProblem(description: "'\(files.current)' is not open") }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(state.descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let problem = Self.problem("writing", files.current)
                _ = ftruncate(state.descriptor, off_t(state.bytes))
                throw problem
            }
            written += count
        }
        state.bytes += bytes.count
    }

    private func rotate(_ state: inout State) throws(AuditProblem) {
        fdatasync(state.descriptor)
        for number in (1..<AuditFiles.kept).reversed() where fileExists(files.older(number)) {
            guard rename(files.older(number), files.older(number + 1)) == 0 else {
                throw Self.problem("renaming", files.older(number))
            }
        }
        guard rename(files.current, files.older(1)) == 0 else { throw Self.problem("renaming", files.current) }
        let (descriptor, bytes) = try Self.append(to: files.current)
        _ = close(state.descriptor)
        state.descriptor = descriptor
        state.bytes = bytes
    }

    private static func append(to path: String) throws(AuditProblem) -> (descriptor: Int32, bytes: Int) {
        let descriptor = hms_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw problem("opening", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, fchmod(descriptor, 0o600) == 0 else {
            let problem = problem("opening", path)
            _ = close(descriptor)
            throw problem
        }
        return (descriptor, Int(status.st_size))
    }

    private static func problem(_ operation: String, _ path: String) -> AuditProblem {
        AuditProblem(description: "\(StorageFailure(operation, path, code: errno))")
    }
}
