import SelfTelemetry
import Testing

@Suite("The ring of refusals")
struct RefusalRingTests {
    private func refusal(_ number: Int, detail: String = "d", ids: [String] = []) -> RefusalRing.Refusal {
        RefusalRing.Refusal(
            time: UInt64(number), reason: "malformed", peer: "p\(number)", door: "http", signal: "traces", items: 1,
            traceIDs: ids, detail: detail)
    }

    @Test("The newest come first, and beyond the bound the oldest are forgotten")
    func order() {
        let ring = RefusalRing()
        #expect(ring.newestFirst == [])
        for number in 0..<600 {
            ring.note(refusal(number))
            #expect(ring.newestFirst.first?.time == UInt64(number))
        }
        #expect(ring.newestFirst.map(\.time) == (344..<600).reversed().map { UInt64($0) })
    }

    @Test("Refusals of one kind and peer, one after another, are one entry with their number, items and ids")
    func merges() {
        let ring = RefusalRing()
        for number in 0..<40 {
            var same = refusal(7, ids: ["\(number)"])
            same.time = UInt64(100 + number)
            ring.note(same)
        }
        ring.note(refusal(8))
        #expect(ring.newestFirst.count == 2)
        let merged = ring.newestFirst[1]
        #expect((merged.time, merged.items, merged.count) == (139, 40, 40))
        #expect(merged.traceIDs == (0..<16).map { "\($0)" })
    }

    @Test("Long sentences are cut")
    func cuts() {
        let ring = RefusalRing()
        ring.note(refusal(1, detail: String(repeating: "x", count: 5_000)))
        #expect(ring.newestFirst[0].detail.count == 303)
    }
}
