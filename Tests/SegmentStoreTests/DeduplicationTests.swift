import StorageTesting
import Testing

@testable import SegmentStore

@Suite struct DeduplicationTests {
    let sender = SenderID(high: 1, low: 2)

    @Test(
        "A batch number already stored is a duplicate: in the same commit, later, after a restart, out of sealed segments"
    )
    func duplicates() throws {
        let directory = TemporaryDirectory()
        let options = quick { $0.segmentBytes = 600 }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        let twice = store.appendAll([
            Samples.traces([1], sender: sender, sequence: 1), Samples.traces([1], sender: sender, sequence: 1),
        ])
        #expect(twice == [.success(.stored), .success(.duplicate)])
        for sequence in 2..<20 {
            #expect(
                store.append(Samples.traces([UInt64(sequence)], sender: sender, sequence: UInt64(sequence)))
                    == .success(.stored))
        }
        #expect(store.append(Samples.traces([5], sender: sender, sequence: 5)) == .success(.duplicate))
        // Another sender's numbers and unnumbered batches are no duplicates.
        #expect(store.append(Samples.traces([5], sender: SenderID(high: 1, low: 3), sequence: 5)) == .success(.stored))
        #expect(store.append(Samples.metrics(1)) == .success(.stored))
        #expect(store.append(Samples.metrics(1)) == .success(.stored))
        store.waitUntilSealed()
        #expect(store.statistics.segments > 2)
        #expect(store.statistics.duplicates == ItemCounts(spans: 4))
        #expect(try store.trace(Samples.id(5)) == Samples.spans([5]) + Samples.spans([5]))
        store.close()

        for removesIndexes in [false, true] {
            let copy = directory.copy()
            if removesIndexes {
                for name in copy.names() where name.hasSuffix(".idx") { copy.write([], to: name) }
            }
            let again = try SegmentStore.open(directory: copy.path, options: options)
            defer { again.close() }
            for sequence in 1..<20 {
                let record = Samples.traces([UInt64(sequence)], sender: sender, sequence: UInt64(sequence))
                #expect(again.append(record) == .success(.duplicate), "sequence \(sequence)")
            }
            #expect(again.append(Samples.traces([20], sender: sender, sequence: 20)) == .success(.stored))
            #expect(again.statistics.held.spans == 2 * 21)
        }
    }

    @Test("A set of numbers keeps exactly those inserted", arguments: [1, 2, 3] as [UInt64])
    func ranges(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var ranges = SequenceRanges()
        var expected: Set<UInt64> = []
        for _ in 0..<2000 {
            let number = UInt64.random(in: 0..<600, using: &generator)
            ranges.insert(number, maxRanges: 1000)
            expected.insert(number)
        }
        #expect((UInt64(0)..<700).filter { ranges.contains($0) } == expected.sorted())
        #expect(SequenceRanges(validating: ranges.ranges) == ranges)
    }

    @Test("The ends of the number space are numbers like others")
    func extremes() {
        var ranges = SequenceRanges()
        for number in [UInt64.max, 0, UInt64.max - 1, 1] as [UInt64] { ranges.insert(number, maxRanges: 8) }
        #expect(ranges.ranges == [.init(first: 0, last: 1), .init(first: .max - 1, last: .max)])
        #expect(!ranges.contains(2))
        #expect(ranges.contains(.max))
    }

    @Test("Beyond its bound a set forgets its lowest numbers")
    func forgetsLowest() {
        var ranges = SequenceRanges()
        for number in stride(from: UInt64(0), to: 20, by: 2) { ranges.insert(number, maxRanges: 3) }
        #expect(ranges.ranges.map(\.first) == [14, 16, 18])
    }

    @Test("Overlapping, touching and descending ranges from a file are refused")
    func validates() {
        #expect(SequenceRanges(validating: [.init(first: 2, last: 1)]) == nil)
        #expect(SequenceRanges(validating: [.init(first: 0, last: 4), .init(first: 5, last: 6)]) == nil)
        #expect(SequenceRanges(validating: [.init(first: 0, last: 4), .init(first: 0, last: 6)]) == nil)
        #expect(SequenceRanges(validating: [.init(first: 0, last: .max), .init(first: 3, last: 6)]) == nil)
        #expect(SequenceRanges(validating: [.init(first: 0, last: 4), .init(first: 6, last: 6)]) != nil)
    }

    @Test("Of too many senders those not heard of for longest are forgotten")
    func boundsSenders() {
        var windows = SenderWindows(maxSenders: 16, maxRanges: 4)
        for number in 0..<17 {
            windows.countStored(
                ItemCounts(spans: 1), from: SenderID(high: 0, low: UInt64(number)), 1, at: UInt64(100 + number))
        }
        #expect(windows.senders.count <= 16)
        #expect(!windows.contains(SenderID(high: 0, low: 0), 1))
        #expect(windows.contains(SenderID(high: 0, low: 2), 1))
        #expect(windows.contains(SenderID(high: 0, low: 16), 1))
    }

    @Test("A uuid is read in either case and with or without hyphens")
    func senderID() {
        let expected = SenderID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        #expect(SenderID(uuid: "01234567-89ab-cdef-fedc-ba9876543210") == expected)
        #expect(SenderID(uuid: "0123456789ABCDEFFEDCBA9876543210") == expected)
        for bad in ["", "0123", "01234567-89ab-cdef-fedc-ba98765432100", "g1234567-89ab-cdef-fedc-ba9876543210"] {
            #expect(SenderID(uuid: bad) == nil)
        }
    }
}
