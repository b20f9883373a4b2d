import Files
import StorageTesting
import Testing
import WireFormat

@testable import SegmentStore

@Suite("A store with flipped bits and torn tails") struct CorruptStoreTests {
    /// The long form: HMS_CORRUPT_STORES=1000 HMS_SEED=7, or `make corrupt-store`.
    private static let casesOfASeed = 10
    private static let seeds: [UInt64] = {
        let count = LongRun.count("HMS_CORRUPT_STORES", short: 100) / casesOfASeed
        let first = LongRun.seed(short: 1)
        return (0..<UInt64(max(1, count))).map { first &+ $0 }
    }()

    @Test(
        "The start is never refused, exactly the frames that were hit are reported and lost, and all else is read",
        arguments: seeds)
    func damaged(seed: UInt64) throws {
        let sample = try SampleStore(seed: seed)
        var generator = SeededGenerator(seed: seed &* 0x1_0001)
        for number in 0..<Self.casesOfASeed {
            let copy = sample.directory.copy()
            let damage = sample.damage(copy, &generator)
            try sample.expect(damage, in: copy, "seed \(seed), case \(number): \(damage.words)")
        }
    }

    @Test("The sample has sealed segments, an open one and a ledger, and nothing is wrong with it")
    func intact() throws {
        let sample = try SampleStore(seed: 1)
        let check = try StoreInspection(directory: sample.directory.path).check()
        #expect(check.damages == [])
        #expect(check.notes == [] && check.unknownFiles == [])
        #expect(check.segments.map(\.state) == [.sealed, .sealed, .sealed, .sealed, .open])
        #expect(
            check.segments.map(\.frames)
                == (UInt32(1)...5).map { number in
                    sample.frames.count { $0.segment == number }
                })
        let whole = SampleStore.Damage(words: "none", places: [])
        try sample.expect(whole, in: sample.directory.copy(), "nothing is damaged")
    }
}

/// A store of several segments whose frames were measured from outside while they were written.
struct SampleStore {
    struct Frame {
        var segment: UInt32
        var place: Range<Int>
        var trace: UInt64
        var body: [UInt8]
    }
    struct Damage {
        var words: String
        /// File by file what differs now.
        var places: [(file: String, place: Range<Int>)]
        /// Where the file ends now.
        var cut: (file: String, length: Int)?
    }

    let directory: TemporaryDirectory
    let frames: [Frame]

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let live = TemporaryDirectory()
        let store = try SegmentStore.open(directory: live.path, options: quick { $0.segmentBytes = 3000 })
        defer { store.close() }
        var frames: [Frame] = []
        var ends: [String: Int] = [:]
        var trace: UInt64 = 0
        let sender = SenderID(high: seed, low: 1)
        while frames.count(where: { $0.segment == 5 }) < 4 {
            let record = Samples.traces(
                [trace], sender: sender, sequence: trace, receivedAt: 1_000 + trace,
                service: "\(generator.next())", perTrace: Int.random(in: 1...20, using: &generator))
            #expect(store.append(record) == .success(.stored))
            for name in live.names() where name.hasSuffix(".log") {
                let length = live.bytes(name).count
                let begin = ends[name, default: SegmentHeader.length]
                if length > begin {
                    ends[name] = length
                    frames.append(
                        Frame(
                            segment: UInt32(name.dropLast(4)) ?? 0, place: begin..<length, trace: trace,
                            body: Array(record.body)))
                }
            }
            trace += 1
        }
        store.waitUntilSealed()
        store.countRejected(1, of: .logs, reason: "test")
        store.sweep()
        directory = live.copy()
        self.frames = frames
    }

    private static func log(_ segment: UInt32) -> String { String(Segment.paths("", segment).log.dropFirst()) }

    // MARK: - Damage

    /// Damages one file at a random place: a flipped bit, a few, a stretch of noise or of zeros, or a tail torn off.
    func damage(_ copy: TemporaryDirectory, _ generator: inout SeededGenerator) -> Damage {
        let names = copy.names().filter { $0.hasSuffix(".log") || $0.hasSuffix(".idx") || $0 == LedgerFile.name }
        // Logs are most of what there is.
        let logs = names.filter { $0.hasSuffix(".log") }
        let name = (Int.random(in: 0..<3, using: &generator) > 0 ? logs : names).randomElement(using: &generator)!
        let before = copy.bytes(name)
        var after = before
        let start = Int.random(in: 0..<before.count, using: &generator)
        let kind = Int.random(in: 0..<6, using: &generator)
        switch kind {
        case 0: after.removeLast(before.count - start)
        case 1, 2:
            let end = min(before.count, start + Int.random(in: 1...700, using: &generator))
            for index in start..<end { after[index] = kind == 1 ? 0 : UInt8.random(in: 0...255, using: &generator) }
        case 3:
            for _ in 0..<4 { after[Int.random(in: 0..<before.count, using: &generator)] ^= 0x40 }
        default: after[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        }
        copy.write(after, to: name)
        var damage = Damage(words: "\(name), kind \(kind) at \(start) of \(before.count)", places: [])
        if after.count < before.count { damage.cut = (name, after.count) }
        for index in after.indices where after[index] != before[index] {
            damage.places.append((name, index..<index + 1))
        }
        return damage
    }

    // MARK: - What must be true

    /// The frames that have lost a byte, and those that are whole and yet not to be found any more.
    private func hit(by damage: Damage) -> Set<UInt64> {
        var hit: Set<UInt64> = []
        for frame in frames {
            let log = Self.log(frame.segment)
            let isTouched = damage.places.contains { $0.file == log && frame.place.overlaps($0.place) }
            let isCut = damage.cut.map { $0.file == log && frame.place.upperBound > $0.length } ?? false
            if isTouched || isCut { hit.insert(frame.trace) }
        }
        return hit
    }

    func expect(_ damage: Damage, in copy: TemporaryDirectory, _ words: String) throws {
        let hit = hit(by: damage)
        try expectReport(damage, hit, copy, words)
        let store = try SegmentStore.open(directory: copy.path, options: quick { $0.segmentBytes = 3000 })
        defer { store.close() }
        store.waitUntilSealed()
        for frame in frames {
            let expected = hit.contains(frame.trace) ? nil : frame.body
            #expect(try store.trace(Samples.id(frame.trace)) == expected, "\(words): trace \(frame.trace)")
        }
        let ledger = store.ledger()
        #expect(ledger.stored.less(ledger.held).less(ledger.deleted) == ledger.damaged, "\(words)")
        let fresh = UInt64(frames.count) + 1_000
        #expect(store.append(Samples.traces([fresh])) == .success(.stored), "\(words)")
        #expect(try store.trace(Samples.id(fresh)) == Samples.spans([fresh]), "\(words)")
    }

    /// What the check reports against what was done.
    private func expectReport(
        _ damage: Damage, _ hit: Set<UInt64>, _ copy: TemporaryDirectory, _ words: String
    ) throws {
        let check = try StoreInspection(directory: copy.path).check()
        guard let file = damage.cut?.file ?? damage.places.first?.file else {
            return #expect(check.damages == [], "\(words)")
        }
        if !file.hasSuffix(".log") {
            // An index or a ledger is made anew as a whole.
            #expect(Set(check.damages.map(\.file)) == [file], "\(words): \(check.damages)")
            return
        }
        let isHeaderHit =
            damage.places.contains { $0.place.lowerBound < SegmentHeader.length }
            || damage.cut.map { $0.length < SegmentHeader.length } ?? false
        let isOpen = file == Self.log(5)
        let lost = frames.filter { hit.contains($0.trace) }.map(\.place)
        if isOpen {
            // Neighbours are one stretch there, and a torn end is none.
            var stretches: [Range<Int>] = []
            for place in lost {
                if let last = stretches.last, last.upperBound == place.lowerBound {
                    stretches[stretches.count - 1] = last.lowerBound..<place.upperBound
                } else {
                    stretches.append(place)
                }
            }
            let end = frames.map(\.place.upperBound).enumerated().filter { frames[$0.offset].segment == 5 }.map(
                \.element
            ).max()
            if let last = stretches.last, last.upperBound == end { stretches.removeLast() }
            let reported = check.damages.filter { $0.file == file && $0.offset >= SegmentHeader.length }
            if isHeaderHit, lost.count == frames.count(where: { $0.segment == 5 }) { return }
            #expect(reported.map { $0.offset..<$0.offset + $0.length } == stretches, "\(words): \(check.damages)")
        } else {
            let reported = check.damages.filter { $0.file == file && $0.offset >= SegmentHeader.length }
            #expect(reported.map { $0.offset..<$0.offset + $0.length } == lost, "\(words): \(check.damages)")
        }
        #expect(
            check.damages.contains { $0.file == file && $0.offset < SegmentHeader.length } == isHeaderHit, "\(words)")
        // Nothing else is blamed, except that the ledger counts what an open log has lost.
        #expect(Set(check.damages.map(\.file)).isSubset(of: isOpen ? [file, LedgerFile.name] : [file]), "\(words)")
    }
}
