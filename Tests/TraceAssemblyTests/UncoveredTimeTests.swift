import Testing

@testable import TraceAssembly

@Suite("Time in which no span ran, and spans that never came")
struct UncoveredTimeTests {
    private func uncovered(_ spans: [(Int32, UInt64, UInt64)], missing: [Int] = [], _ from: UInt64, _ to: UInt64)
        -> UInt64
    {
        UncoveredTime.total(
            parent: spans.map(\.0), start: spans.map(\.1), end: spans.map(\.2),
            isMissing: spans.indices.map { missing.contains($0) }, from: from, to: to)
    }

    @Test("What lies between spans is uncovered, what is below a longer span is not")
    func gaps() {
        #expect(uncovered([(-1, 10, 20), (0, 12, 40), (-1, 50, 60)], 10, 60) == 10)
        #expect(uncovered([(-1, 10, 20), (0, 12, 14), (0, 11, 20)], 10, 20) == 0)
        #expect(uncovered([(-1, 10, 20)], 0, 100) == 90)
        #expect(uncovered([], 5, 9) == 4)
        #expect(uncovered([], 9, 9) == 0)
    }

    @Test("A placeholder covers nothing")
    func placeholder() {
        #expect(uncovered([(-1, 10, 60), (0, 10, 20), (0, 50, 60)], missing: [0], 10, 60) == 30)
    }

    @Test("Spans that reach out of the trace's bounds, or the whole range of numbers, are cut")
    func extremes() {
        #expect(uncovered([(-1, 0, .max)], 10, 20) == 0)
        #expect(uncovered([(-1, 0, 0), (-1, .max, .max)], 0, .max) == .max)
        #expect(uncovered([(-1, 0, 5), (-1, 30, .max)], 10, 20) == 10)
    }

    @Test(
        "A span counts as not received only when all was read and nothing has come for 30 s",
        arguments: [
            (true, 100, 130, .notReceived), (true, 100, 129, .awaited), (false, 100, 1_000, .awaited),
            (true, nil, 1_000, .awaited), (true, 100, 99, .awaited), (true, 100, .max, .notReceived),
            (true, 0, 30, .notReceived),
        ] as [(Bool, UInt64?, UInt64, MissingEvidence)])
    func evidence(isWhole: Bool, arrival: UInt64?, now: UInt64, expected: MissingEvidence) {
        let second: UInt64 = 1_000_000_000
        let found = MissingEvidence.evidence(
            isWhole: isWhole, newestArrival: arrival.map { $0 * second },
            now: now == .max ? .max : now * second)
        #expect(found == expected)
    }

    @Test("The words are those of the API, and the time to wait can be set")
    func words() {
        #expect(MissingEvidence.awaited.rawValue == "awaited")
        #expect(MissingEvidence.notReceived.rawValue == "not received")
        #expect(MissingEvidence.evidence(isWhole: true, newestArrival: 5, now: 7, settle: 2) == .notReceived)
        #expect(MissingEvidence.evidence(isWhole: true, newestArrival: 5, now: 6, settle: 2) == .awaited)
    }
}
