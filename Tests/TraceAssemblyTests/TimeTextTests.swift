import Testing
import TraceAssembly

@Suite("Durations and moments for people")
struct TimeTextTests {
    @Test(
        "Durations have three digits and a unit",
        arguments: [
            (0, "0 ns"), (999, "999 ns"), (1_000, "1 µs"), (1_234, "1.23 µs"), (1_205, "1.21 µs"), (1_200, "1.2 µs"),
            (999_499, "999 µs"), (999_500, "1 ms"), (12_340_000, "12.3 ms"), (99_960_000, "100 ms"),
            (999_600_000, "1 s"), (59_940_000_000, "59.9 s"), (59_960_000_000, "1 m 00 s"),
            (61_000_000_000, "1 m 01 s"),
            (3_600_000_000_000, "1 h 00 m"), (90_000_000_000_000, "1 d 01 h"),
            (8_639_999_499_999_999, "99 d 23 h"), (8_640_000_000_000_000, "100 d"), (UInt64.max, "213503 d"),
        ] as [(UInt64, String)])
    func durations(nanoseconds: UInt64, text: String) {
        #expect(TimeText.duration(nanoseconds) == text)
    }

    @Test(
        "Ranks are percentiles that are never rounded up",
        arguments: [
            (0, "p0"), (0.0099, "p0"), (0.29, "p29"), (0.5799, "p57"), (0.58, "p58"), (0.9899, "p98"), (0.9989, "p99"),
            (0.999, "p99.9"), (0.9999, "p99.9"), (1, "p100"), (2, "p100"),
        ] as [(Double, String)])
    func ranks(rank: Double, text: String) {
        #expect(TimeText.rank(rank) == text)
    }

    @Test(
        "Moments are dates in UTC",
        arguments: [
            (0, "time not set"), (1, "1970-01-01 00:00:00.000 UTC"),
            (951_782_400_000_000_000, "2000-02-29 00:00:00.000 UTC"),
            (4_107_542_400_000_000_000, "2100-03-01 00:00:00.000 UTC"), (UInt64.max, "2554-07-21 23:34:33.709 UTC"),
        ] as [(UInt64, String)])
    func moments(time: UInt64, text: String) {
        #expect(TimeText.moment(time) == text)
    }
}
