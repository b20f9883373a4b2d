import Testing

@testable import Spool

@Suite struct SettledStateTests {
    @Test("Batches that are settled in any order are known, and survive being written down", arguments: [1, 7, 42])
    func anyOrder(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var state = SettledState()
        var unsettled: [UInt64] = []
        var settled: Set<UInt64> = []
        var next: UInt64 = 1
        for _ in 0..<5000 {
            if unsettled.isEmpty || random.next() % 2 == 0 {
                unsettled.append(next)
                next += 1
            } else {
                let reachable = unsettled.prefix { $0 <= state.through + SettledState.window }
                let batch = unsettled.remove(at: Int(random.next() % UInt64(reachable.count)))
                settled.insert(batch)
                state.settle(batch, oldestUnsettled: unsettled.first ?? next)
            }
        }
        let sender = SenderID.random()
        let read = try #require(SettledState.read(state.slot(generation: 3, sender: sender), at: 0))
        #expect(read.state == state)
        #expect(read.sender == sender)
        for batch in 1..<next { #expect(read.state.contains(batch) == settled.contains(batch), "batch \(batch)") }
        #expect(read.state.highest == settled.max())
    }

    @Test("What is behind a batch that stays is remembered as far as the window reaches")
    func oneStays() {
        var state = SettledState()
        for batch in 2...SettledState.window { state.settle(batch, oldestUnsettled: 1) }
        #expect(state.through == 0)
        #expect((1...SettledState.window).filter { !state.contains($0) } == [1])
        #expect(state.highest == SettledState.window)
        state.settle(1, oldestUnsettled: SettledState.window + 1)
        #expect(state.through == SettledState.window)
        #expect(state.contains(SettledState.window))
        #expect(!state.contains(SettledState.window + 1))
    }
}

/// Gives the same numbers for the same seed.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
