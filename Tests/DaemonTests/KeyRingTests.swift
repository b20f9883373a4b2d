import EventLoop
import TLS
import Testing

@testable import Daemon

@Suite struct KeyRingTests {
    private static func key(_ name: String, _ secret: String, rate: Int? = nil, bytes: Int? = nil) -> AccessKey {
        AccessKey(name: name, digest: sha256(Array(secret.utf8)), requestsPerSecond: rate, bytesPerSecond: bytes)
    }

    private let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    @Test("Only a key of the ring is welcome")
    func judges() {
        let ring = KeyRing([Self.key("a", "alpha"), Self.key("b", "beta")])
        #expect(ring.judge(nil, now: start) == .missing)
        #expect(ring.judge("", now: start) == .unknown)
        #expect(ring.judge("alph", now: start) == .unknown)
        #expect(ring.judge("beta", now: start) == .welcome(key: 1))
    }

    @Test("A rate lets a second's worth through at once and then as it comes back; other keys are not touched")
    func limitsRequests() {
        let ring = KeyRing([Self.key("a", "alpha", rate: 2), Self.key("b", "beta")])
        // The ring's own clock began at its making, so the first look sets it right.
        let now = MonotonicTime.now() + .seconds(10)
        #expect(ring.judge("alpha", now: now) == .welcome(key: 0))
        #expect(ring.judge("alpha", now: now) == .welcome(key: 0))
        #expect(ring.judge("alpha", now: now) == .limited(name: "a"))
        #expect(ring.judge("beta", now: now) == .welcome(key: 1))
        #expect(ring.judge("alpha", now: now + .milliseconds(600)) == .welcome(key: 0))
    }

    @Test("Bytes beyond the rate are waited for afterwards")
    func limitsBytes() {
        let ring = KeyRing([Self.key("a", "alpha", bytes: 1000)])
        let now = MonotonicTime.now() + .seconds(10)
        #expect(ring.judge("alpha", now: now) == .welcome(key: 0))
        ring.use(bytes: 3000, by: 0)
        #expect(ring.judge("alpha", now: now + .milliseconds(1900)) == .limited(name: "a"))
        #expect(ring.judge("alpha", now: now + .milliseconds(2100)) == .welcome(key: 0))
    }
}
