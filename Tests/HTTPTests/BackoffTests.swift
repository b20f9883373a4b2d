import HTTP
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test("The ceiling doubles from the base to the cap")
    func doubles() {
        var backoff = Backoff(base: .milliseconds(100), cap: .milliseconds(1500))
        let delays = (0..<6).map { _ in backoff.next(random: .max).components.attoseconds / 1_000_000_000_000_000 }
        // The largest value is a nanosecond short of the ceiling.
        #expect(delays == [99, 199, 399, 799, 499, 499])
        #expect(backoff.attempts == 6)
        #expect(backoff.next(random: .max) < .milliseconds(1500))
    }

    @Test("Jitter spreads over all of it")
    func jitter() {
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(1))
        #expect(backoff.next(random: 0) == .zero)
        #expect(backoff.next(random: 1 << 63) == .milliseconds(100))
    }

    @Test("Success starts it over, and no number of attempts overflows")
    func resets() {
        var backoff = Backoff(base: .seconds(3600), cap: .seconds(86_400))
        for _ in 0..<200 { #expect(backoff.next(random: .max) < .seconds(86_400)) }
        #expect(backoff.next(random: 1 << 63) == .seconds(43_200))
        backoff.reset()
        #expect(backoff.next(random: 1 << 63) == .seconds(1800))
    }
}
