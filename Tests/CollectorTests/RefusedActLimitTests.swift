import EventLoop
import Testing

@testable import Collector

@Suite struct RefusedActLimitTests {
    @Test("Ten tries are recorded, then one a second, which tells how many were left out")
    func limits() {
        var limit = RefusedActLimit()
        let start = MonotonicTime(nanoseconds: 5_000_000_000)
        var answers: [UInt64?] = []
        for milliseconds in Array(repeating: 0, count: 13) + [900, 1100, 1900, 2000, 100_000] {
            answers.append(limit.admit(at: start + .milliseconds(milliseconds)))
        }
        #expect(answers == Array(repeating: 0, count: 10) + [nil, nil, nil, nil, 4, nil, 1, 0])
    }
}
