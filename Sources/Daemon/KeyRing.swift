import EventLoop
import Glibc
package import SelfTelemetry
import Synchronization
import TLS

/// The keys that open the TCP doors, shared by all of them. Read from a file at start and again on SIGHUP.
package final class KeyRing: Sendable {
    enum Verdict: Equatable {
        case welcome(key: Int)
        case missing
        case unknown
        /// The key is good, and has used up what it allows.
        case limited(name: String)
    }

    private struct Entry: Sendable {
        let key: AccessKey
        var requests: RateAllowance?
        var bytes: RateAllowance?
    }

    private let file: String
    private let log: Log
    private let entries: Mutex<[Entry]>

    package init(file: String, log: Log) throws(KeyFileUnusable) {
        self.file = file
        self.log = log
        entries = Mutex(Self.entries(try Self.read(file, log)))
    }

    /// For tests.
    init(_ keys: [AccessKey]) {
        file = ""
        log = .silent
        entries = Mutex(Self.entries(keys))
    }

    /// Takes the file as it is now; where it cannot be used, the keys in force stay.
    package func reload() {
        do throws(KeyFileUnusable) {
            let fresh = Self.entries(try Self.read(file, log))
            entries.withLock { $0 = fresh }
            log.info("keys_reloaded", "the keys were read again", ["file": file, "keys": fresh.count])
        } catch {
            log.error("keys_reload_failed", "the keys in force stay", ["reason": error.description])
        }
    }

    /// Looks at all keys, whichever fits, so that the time taken tells nothing.
    func judge(_ presented: String?, now: MonotonicTime) -> Verdict {
        guard let presented else { return .missing }
        let digest = sha256(Array(presented.utf8))
        return entries.withLock { entries in
            guard let found = Self.index(of: digest, in: entries) else { return .unknown }
            let noRequests = entries[found].requests?.isExhausted(at: now) ?? false
            let noBytes = entries[found].bytes?.isExhausted(at: now) ?? false
            guard !noRequests, !noBytes else { return .limited(name: entries[found].key.name) }
            entries[found].requests?.use(1)
            return .welcome(key: found)
        }
    }

    /// Which key it is, without a look at what it allows.
    func identify(_ presented: String?) -> Int? {
        guard let presented else { return nil }
        let digest = sha256(Array(presented.utf8))
        return entries.withLock { Self.index(of: digest, in: $0) }
    }

    private static func index(of digest: [UInt8], in entries: [Entry]) -> Int? {
        var found: Int?
        for index in entries.indices where isEqualInConstantTime(entries[index].key.digest, digest) { found = index }
        return found
    }

    /// Counts a request's body against the key that it came with.
    func use(bytes: Int, by key: Int) {
        entries.withLock { entries in
            // A reload may have changed the list meanwhile; the wrong key then pays once.
            if entries.indices.contains(key) { entries[key].bytes?.use(bytes) }
        }
    }

    private static func entries(_ keys: [AccessKey]) -> [Entry] {
        let now = MonotonicTime.now()
        return keys.map { key in
            Entry(
                key: key, requests: key.requestsPerSecond.map { RateAllowance(perSecond: $0, now: now) },
                bytes: key.bytesPerSecond.map { RateAllowance(perSecond: $0, now: now) })
        }
    }

    private static func read(_ file: String, _ log: Log) throws(KeyFileUnusable) -> [AccessKey] {
        guard let content = readFile(file, limit: KeyFile.longestFile) else {
            let code = errno
            throw KeyFileUnusable(
                description: "keys.file '\(file)' cannot be read: \(String(cString: strerror(code)))")
        }
        let keys: [AccessKey]
        do {
            keys = try KeyFile.parse(String(decoding: content, as: UTF8.self), file: file)
        } catch {
            throw KeyFileUnusable(description: error.description)
        }
        guard !keys.isEmpty else {
            throw KeyFileUnusable(description: "keys.file '\(file)' holds no key; nobody could enter")
        }
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & S_IROTH != 0 {
            log.warning(
                "keys_readable", "every user of this machine can read the keys; chmod o= the file", ["file": file])
        }
        return keys
    }
}

package struct KeyFileUnusable: Error, CustomStringConvertible {
    package let description: String
}
