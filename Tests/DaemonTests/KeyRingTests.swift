import Access
import EventLoop
import Glibc
import HTTP
import SelfTelemetry
import TLS
import Testing

@testable import Daemon

extension AccessKey {
    init(_ name: String, _ secret: String, rate: Int? = nil, bytes: Int? = nil) {
        self.init(name: name, digest: sha256(Array(secret.utf8)), requestsPerSecond: rate, bytesPerSecond: bytes)
    }
}

@Suite struct KeyRingTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    /// In a word, with the key's name where it is known.
    private func judge(
        _ ring: KeyRing, _ presented: String?, for need: AccessNeed = .scope(.ingest), now: MonotonicTime? = nil
    ) -> String {
        switch ring.judge(presented, for: need, now: now ?? start) {
        case .welcome(let identity, let key): identity.name == key.name ? "welcome \(key.name)" : "mistaken"
        case .missing: "missing"
        case .unknown: "unknown"
        case .expired(let name): "expired \(name)"
        case .revoked(let name): "revoked \(name)"
        case .forbidden(_, let key): "forbidden \(key.name)"
        case .limited(_, let key): "limited \(key.name)"
        }
    }

    @Test("Only a key of the ring is welcome")
    func judges() {
        let ring = KeyRing([AccessKey("a", "alpha"), AccessKey("b", "beta")])
        #expect(judge(ring, nil) == "missing")
        #expect(judge(ring, "") == "unknown")
        #expect(judge(ring, "alph") == "unknown")
        #expect(judge(ring, "beta") == "welcome b")
    }

    @Test("A key that ended or was revoked opens nothing, and one without the scope not this")
    func judgesLives() {
        var ended = AccessKey("ended", "ended-key")
        ended.expires = UTCSecond(seconds: 1)
        var later = AccessKey("later", "later-key")
        later.expires = UTCSecond("2500-01-01")
        var revoked = AccessKey("revoked", "revoked-key")
        revoked.revoked = UTCSecond("2500-01-01")
        var reader = AccessKey("reader", "reader-key")
        reader.scopes = AccessScopes(.read)
        let ring = KeyRing([ended, later, revoked, reader])
        #expect(judge(ring, "ended-key") == "expired ended")
        #expect(judge(ring, "later-key") == "welcome later")
        #expect(judge(ring, "revoked-key") == "revoked revoked")
        #expect(judge(ring, "reader-key") == "forbidden reader")
        #expect(judge(ring, "reader-key", for: .scope(.read)) == "welcome reader")
        #expect(judge(ring, "reader-key", for: .program(.admin)) == "forbidden reader")
    }

    @Test("What concerns all tenants is not for a tenant's key, whatever its scopes")
    func judgesTenants() {
        var key = AccessKey("acme", "acme-key")
        key.scopes = [AccessScopes(.read), AccessScopes(.admin)]
        key.tenant = TenantName("acme")
        let ring = KeyRing([key])
        #expect(judge(ring, "acme-key", for: .scope(.admin)) == "welcome acme")
        #expect(judge(ring, "acme-key", for: .program(.admin)) == "forbidden acme")
        #expect(judge(ring, "acme-key", for: .program(.read)) == "forbidden acme")
        #expect(ring.tenants.map(\.text) == ["acme"])
    }

    @Test("A rate lets a second's worth through at once and then as it comes back; other keys are not touched")
    func limitsRequests() {
        let ring = KeyRing([AccessKey("a", "alpha", rate: 2), AccessKey("b", "beta")])
        // The ring's own clock began at its making, so the first look sets it right.
        let now = MonotonicTime.now() + .seconds(10)
        #expect(judge(ring, "alpha", now: now) == "welcome a")
        #expect(judge(ring, "alpha", now: now) == "welcome a")
        #expect(judge(ring, "alpha", now: now) == "limited a")
        #expect(judge(ring, "beta", now: now) == "welcome b")
        #expect(judge(ring, "alpha", now: now + .milliseconds(600)) == "welcome a")
    }

    @Test("Bytes beyond the rate are waited for afterwards")
    func limitsBytes() throws {
        let ring = KeyRing([AccessKey("a", "alpha", bytes: 1000)])
        let now = MonotonicTime.now() + .seconds(10)
        guard case .welcome(let identity, _) = ring.judge("alpha", for: .scope(.ingest), now: now) else {
            Issue.record("the key is not welcome")
            return
        }
        ring.use(bytes: 3000, by: identity)
        #expect(judge(ring, "alpha", now: now + .milliseconds(1900)) == "limited a")
        #expect(judge(ring, "alpha", now: now + .milliseconds(2100)) == "welcome a")
    }

    // MARK: the file

    /// A file that goes with the test.
    private final class File {
        let path: String
        init(_ text: String) throws {
            var template = Array("/tmp/hms-keys-XXXXXX".utf8CString)
            let descriptor = mkstemp(&template)
            try #require(descriptor >= 0)
            close(descriptor)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            write(text)
        }
        deinit { unlink(path) }

        func write(_ text: String) {
            let descriptor = open(path, O_WRONLY | O_TRUNC)
            _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
        }
    }

    @Test("A changed file is read at the second look that finds it as it was at the first, and then not again")
    func readsChanges() throws {
        let file = try File("a alpha-key\n")
        let ring = try KeyRing(file: file.path, log: .silent)
        #expect(ring.lookAtFile() == nil)
        file.write("a alpha-key\nb beta-key\nc gamma-key revoked=2026-01-01\n")
        #expect(ring.lookAtFile() == nil)
        #expect(judge(ring, "beta-key") == "unknown")
        guard case .taken(let changes) = ring.lookAtFile() else {
            Issue.record("the file was not read")
            return
        }
        #expect(changes.added == ["b", "c"] && changes.removed == [] && changes.revoked == [] && changes.changed == [])
        #expect(judge(ring, "beta-key") == "welcome b")
        #expect(ring.lookAtFile() == nil)
        #expect(ring.lookAtFile() == nil)
    }

    @Test("A file that cannot be used, or is gone, leaves the keys in force, and is told of once")
    func keepsKeys() throws {
        let file = try File("a alpha-key\n")
        let ring = try KeyRing(file: file.path, log: .silent)
        file.write("")
        #expect(ring.lookAtFile() == nil)
        guard case .refused(let reason) = ring.lookAtFile() else {
            Issue.record("the file was not refused")
            return
        }
        #expect(reason == "keys.file '\(file.path)' holds no key; nobody could enter")
        #expect(ring.lookAtFile() == nil)
        unlink(file.path)
        #expect(ring.lookAtFile() == nil)
        #expect(ring.lookAtFile() == nil)
        #expect(judge(ring, "alpha-key") == "welcome a")
    }

    @Test("Reading the file again gives nobody a fresh rate")
    func keepsAllowance() throws {
        let file = try File("a alpha-key rate=1/s\n")
        let ring = try KeyRing(file: file.path, log: .silent)
        let now = MonotonicTime.now() + .seconds(10)
        #expect(judge(ring, "alpha-key", now: now) == "welcome a")
        file.write("a alpha-key rate=1/s\nb beta-key\n")
        ring.reload()
        #expect(judge(ring, "beta-key", now: now) == "welcome b")
        #expect(judge(ring, "alpha-key", now: now) == "limited a")
    }

    @Test("The last key can be revoked while the program runs")
    func revokesLast() throws {
        let file = try File("a alpha-key\n")
        let ring = try KeyRing(file: file.path, log: .silent)
        file.write("a alpha-key revoked=2026-01-01\n")
        guard case .taken(let changes) = ring.reload() else {
            Issue.record("the file was not taken")
            return
        }
        #expect(changes.revoked == ["a"] && changes.changed == [])
        #expect(judge(ring, "alpha-key") == "revoked a")
    }

    @Test("A file that keeps changing is left alone until it rests")
    func waitsForRest() {
        var watch = KeyFileWatch()
        let looks = (0..<4).map { KeyFileWatch.Look(number: 1, size: Int64($0)) }
        watch.wasRead(looks[0])
        let asked = [looks[1], looks[2], nil, looks[2], looks[3], looks[3], looks[3]].map { watch.isToBeRead($0) }
        #expect(asked == [false, false, false, false, false, true, true])
        watch.wasRead(looks[3])
        let isAskedAgain = watch.isToBeRead(looks[3])
        #expect(!isAskedAgain)
    }
}
