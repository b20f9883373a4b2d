package import Access
package import EventLoop
import Glibc
import HTTP
package import SelfTelemetry
import Synchronization
import TLS

/// The keys that open the TCP doors, shared by all of them. Read from a file at start, again on SIGHUP, and by itself
/// within about a second of a change.
package final class KeyRing: Sendable {
    enum Verdict {
        case welcome(RequestIdentity, AccessKey)
        case missing
        case unknown
        case expired(name: String)
        case revoked(name: String)
        /// The key is good, and not for this.
        case forbidden(RequestIdentity, AccessKey)
        /// The key is good, and has used up what it allows.
        case limited(RequestIdentity, AccessKey)
    }

    private struct Entry: Sendable {
        let key: AccessKey
        let identity: RequestIdentity
        var requests: RateAllowance?
        var bytes: RateAllowance?
    }

    private let file: String
    private let log: Log
    private let entries: Mutex<[Entry]>
    private let watch = Mutex(KeyFileWatch())
    /// Held while the file is read, so that of two readings the later one stays.
    private let reading = Mutex(())

    package init(file: String, log: Log) throws(KeyFileUnusable) {
        self.file = file
        self.log = log
        let look = KeyFileWatch.Look(file)
        entries = Mutex(Self.entries(try Self.read(file, log), keeping: []))
        watch.withLock { $0.wasRead(look) }
    }

    /// For tests.
    init(_ keys: [AccessKey]) {
        file = ""
        log = .silent
        entries = Mutex(Self.entries(keys, keeping: []))
    }

    /// The tenants that keys name which are good now.
    package var tenants: [TenantName] {
        let now = UTCSecond.now()
        let keys = entries.withLock { $0.map(\.key) }
        return Set(keys.filter { $0.state(at: now) == .valid }.compactMap(\.tenant)).sorted { $0.text < $1.text }
    }

    /// Takes the file as it is now; where it cannot be used, the keys in force stay.
    @discardableResult
    package func reload() -> KeyFileReading { reading.withLock { _ in readAgain() } }

    private func readAgain() -> KeyFileReading {
        let look = KeyFileWatch.Look(file)
        watch.withLock { $0.wasRead(look) }
        do throws(KeyFileUnusable) {
            let keys = try Self.read(file, log)
            let (before, count) = entries.withLock { entries in
                let before = entries.map(\.key)
                entries = Self.entries(keys, keeping: entries)
                return (before, entries.count)
            }
            log.info("keys_reloaded", "the keys were read again", ["file": file, "keys": count])
            return .taken(KeyChanges(from: before, to: keys))
        } catch {
            log.error("keys_reload_failed", "the keys in force stay", ["reason": error.description])
            return .refused(reason: error.description)
        }
    }

    /// Looks every half second whether the file has changed, for as long as the loop runs, and tells what came of reading it.
    package func watch(on loop: EventLoop, onReading: @escaping (KeyFileReading) -> Void) {
        _ = loop.schedule(after: .milliseconds(500)) { [weak self, weak loop] in
            guard let self, let loop else { return }
            if let outcome = lookAtFile() { onReading(outcome) }
            watch(on: loop, onReading: onReading)
        }
    }

    /// Reads the file if it has changed, and is not changing.
    func lookAtFile() -> KeyFileReading? {
        let look = KeyFileWatch.Look(file)
        return watch.withLock({ $0.isToBeRead(look) }) ? reload() : nil
    }

    /// Looks at all keys, whichever fits, so that the time taken tells nothing.
    func judge(_ presented: String?, for need: AccessNeed, now: MonotonicTime) -> Verdict {
        guard let presented else { return .missing }
        let digest = sha256(Array(presented.utf8))
        return entries.withLock { entries in
            guard let found = Self.index(of: digest, in: entries) else { return .unknown }
            let (key, identity) = (entries[found].key, entries[found].identity)
            if key.revoked != nil { return .revoked(name: key.name) }
            if let expires = key.expires, expires <= .now() { return .expired(name: key.name) }
            guard key.allows(need) else { return .forbidden(identity, key) }
            let noRequests = entries[found].requests?.isExhausted(at: now) ?? false
            let noBytes = entries[found].bytes?.isExhausted(at: now) ?? false
            guard !noRequests, !noBytes else { return .limited(identity, key) }
            entries[found].requests?.use(1)
            return .welcome(identity, key)
        }
    }

    private static func index(of digest: [UInt8], in entries: [Entry]) -> Int? {
        var found: Int?
        for index in entries.indices where isEqualInConstantTime(entries[index].key.digest, digest) { found = index }
        return found
    }

    /// Counts a request's body against the key that it came with.
    func use(bytes: Int, by identity: RequestIdentity) {
        entries.withLock { entries in
            guard let index = entries.firstIndex(where: { $0.identity === identity }) else { return }
            entries[index].bytes?.use(bytes)
        }
    }

    /// What a key has used of its rate stays used when the file is read again.
    private static func entries(_ keys: [AccessKey], keeping earlier: [Entry]) -> [Entry] {
        let now = MonotonicTime.now()
        let earlier = Dictionary(uniqueKeysWithValues: earlier.map { ($0.key.name, $0) })
        return keys.map { key in
            if let same = earlier[key.name], same.key == key { return same }
            return Entry(
                key: key, identity: RequestIdentity(name: key.name),
                requests: key.requestsPerSecond.map { RateAllowance(perSecond: $0, now: now) },
                bytes: key.bytesPerSecond.map { RateAllowance(perSecond: $0, now: now) })
        }
    }

    private static func read(_ file: String, _ log: Log) throws(KeyFileUnusable) -> [AccessKey] {
        guard let content = readFile(file, limit: KeyFile.longestFile + 1) else {
            let code = errno
            throw KeyFileUnusable(
                description: "keys.file '\(file)' cannot be read: \(String(cString: strerror(code)))")
        }
        guard content.count <= KeyFile.longestFile else {
            throw KeyFileUnusable(description: "keys.file '\(file)' is over \(KeyFile.longestFile) bytes")
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
        if !keys.contains(where: { $0.state(at: .now()) == .valid }) {
            log.warning("keys_all_void", "every key is expired or revoked; nobody can enter", ["file": file])
        }
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & S_IROTH != 0 {
            log.warning(
                "keys_readable", "every user of this machine can read the keys; chmod o= the file", ["file": file])
        }
        return keys
    }
}

extension AccessKey {
    /// Whether a key that is valid is good for something that needs this.
    func allows(_ need: AccessNeed) -> Bool {
        switch need {
        case .nothing: true
        case .scope(let scope): scopes.allows(scope)
        case .program(let scope): scopes.allows(scope) && tenant == nil
        }
    }
}

package struct KeyFileUnusable: Error, CustomStringConvertible {
    package let description: String
}
