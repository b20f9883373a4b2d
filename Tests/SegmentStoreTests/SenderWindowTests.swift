import Testing

@testable import SegmentStore

@Suite("Which batches are known")
struct SenderWindowTests {
    private let live = SenderID(high: 7, low: 7)
    private let one = ItemCounts(spans: 1)

    @Test(
        "Dense numbers, many in flight and out of order, some sent again hours later: none is ever taken twice",
        arguments: [1, 2, 3] as [UInt64])
    func denseNumbers(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var windows = SenderWindows(StoreOptions())
        var stored: Set<UInt64> = []
        var inFlight: [UInt64] = []
        var next: UInt64 = 1
        for step in 0..<60_000 as Range<UInt64> {
            while inFlight.count < 64 {
                inFlight.append(next)
                next += 1
            }
            let number = inFlight.remove(at: Int.random(in: 0..<inFlight.count, using: &generator))
            // One in a hundred is a poison batch that is never stored: a hole for good.
            if number % 100 == 0 { continue }
            if stored.insert(number).inserted { windows.countStored(one, from: live, number, at: step) }
            let again = UInt64.random(in: 1..<next, using: &generator)
            #expect(windows.contains(live, again) == stored.contains(again), "seed \(seed), number \(again)")
        }
        #expect(windows.senders[live]?.stored == ItemCounts(spans: UInt64(stored.count)))
        #expect(windows.rangeCount == windows.senders[live]?.numbers.ranges.count)
    }

    @Test("A flood of invented senders drives out itself, not one with a history")
    func floodOfSenders() {
        var windows = SenderWindows(maxSenders: 64, maxRanges: 8)
        for number in 1...3 as ClosedRange<UInt64> { windows.countStored(one, from: live, number, at: 1) }
        for number in 0..<10_000 as Range<UInt64> {
            windows.countStored(one, from: SenderID(high: 0, low: number), 1, at: 100 + number)
        }
        #expect(windows.contains(live, 1))
        #expect(windows.senders.count <= 64)
        #expect(windows.rangeCount == windows.senders.count)
    }

    @Test("A sender with nothing but holes loses its own ranges, not another's")
    func floodOfRanges() {
        var windows = SenderWindows(maxSenders: 8, maxRanges: 1000, maxRangesInAll: 500)
        for number in stride(from: UInt64(1), to: 21, by: 2) { windows.countStored(one, from: live, number, at: 1) }
        let other = SenderID(high: 9, low: 9)
        for number in stride(from: UInt64(1), to: 20_000, by: 2) {
            windows.countStored(one, from: other, number, at: 2)
        }
        for number in stride(from: UInt64(1), to: 21, by: 2) { #expect(windows.contains(live, number)) }
        #expect(windows.rangeCount <= 500)
        #expect(windows.contains(other, 19_999))
        var copy = SenderWindows(maxSenders: 8, maxRanges: 1000, maxRangesInAll: 500)
        copy.restore(Array(windows.senders))
        #expect(copy.rangeCount == windows.rangeCount)
    }
}
