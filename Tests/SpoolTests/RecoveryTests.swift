import Files
import Glibc
import StorageTesting
import Testing

@testable import Spool

@Suite struct RecoveryTests {
    @Test(
        "A restart finds what was not settled, with the same numbers and bytes, and nothing that was; numbers go on densely"
    )
    func resumes() throws {
        let bench = try SpoolBench { $0.batchBytes = 4 }
        for text in ["aaaa", "bbbb", "cccc", "dddd", "ee"] { try bench.store(text) }
        try bench.settle(bench.posted[0])
        try bench.settle(bench.posted[2])
        let sender = bench.spool.lanes[0].sender
        let next = try bench.restart { $0.batchBytes = 4 }
        let batches = next.recovered[0].takeBatches()
        #expect(batches.map(\.sequence) == [2, 4, 5])
        #expect(try batches.map { try next.text(of: $0) } == ["bbbb", "dddd", "ee"])
        #expect(next.spool.lanes[0].sender == sender)
        #expect(next.figures?.accepted == 5 && next.figures?.settled.forwarded == 2 && next.figures?.spooled == 3)
        try next.store("ffff")
        next.flush()
        #expect(next.posted.map(\.sequence) == [6])
        for batch in batches + next.posted { try next.settle(batch) }
        let last = try next.restart()
        #expect(last.takeBatches().isEmpty)
        #expect(last.figures?.accepted == 6 && last.figures?.settled.forwarded == 6)
    }

    @Test("Two copies of one message in one lane before and after a restart are one, and other lanes are not asked")
    func repeatsOfOtherLanes() throws {
        let bench = try SpoolBench()
        try bench.store("same;", to: SpoolBench.metrics)
        let next = try bench.restart()
        #expect(try next.store("same;") == "stored")
    }

    @Test("After the machine itself went down numbers leap, as some may have been used by what was not on the disk yet")
    func powerCut() throws {
        let bench = try SpoolBench()
        try bench.store("before;")
        bench.flush()
        let next = try bench.restart { $0.bootID = "second" }
        try next.store("after;")
        next.flush()
        #expect(next.posted[0].sequence > 1 << 32)
        #expect(try next.deliver() == ["before;", "after;"], "what is old is sent under its own number first")
        let same = try next.restart { $0.bootID = "second" }
        try same.store("then;")
        same.flush()
        #expect(same.posted.map(\.sequence) == [next.spool.lanes[0].figures.nextSequence], "and then go on densely")
    }

    @Test("A batch far behind a note of what is settled that was lost is sent all the same")
    func settledFileLost() throws {
        let first = try SpoolBench { $0.batchBytes = 1 }
        for number in 0..<100 { try first.store("\(number);") }
        try first.deliver()
        let bench = try first.restart { $0.batchBytes = 1 }
        for number in 100..<200 { try bench.store("\(number);") }
        bench.spool.giveBackAllThatIsSettled()
        #expect(bench.segments().count == 1)
        let copy = bench.directory.copyTree()
        try LocalStorage().remove("\(copy.path)/\(SpoolBench.laneDirectory)/settled")
        let next = try SpoolBench(copy)
        let batches = next.takeBatches()
        #expect(batches.map(\.sequence) == Array(101...200))
        for batch in batches {
            #expect(batch.lane.mayBeSent(batch.sequence))
            try next.settle(batch)
        }
        #expect(next.figures?.accepted == 200 && next.figures?.settled.forwarded == 200)
    }

    // MARK: damage

    /// What a start delivers from files to which something happened.
    private struct Outcome {
        var texts: [String]
        var figures: LaneAccount.Figures?
        var quarantined: [String]
    }

    private func deliver(_ directory: TemporaryDirectory) throws -> Outcome {
        let bench = try SpoolBench(directory)
        let texts = try bench.deliver()
        return Outcome(texts: texts, figures: bench.figures, quarantined: bench.quarantined())
    }

    /// Five messages of ten bytes and one item each, in two segments, the first of them settled.
    private func fill() throws -> TemporaryDirectory {
        let bench = try SpoolBench { $0.batchBytes = 10 }
        for text in ["message-0;", "message-1;", "message-2;"] { try bench.store(text) }
        try bench.settle(bench.posted[0])
        let next = try SpoolBench(bench.directory.copyTree()) { $0.batchBytes = 10 }
        for text in ["message-3;", "message-4;"] { try next.store(text) }
        next.flush()
        return next.directory.copyTree()
    }

    private static let waiting = Set((1...4).map { "message-\($0);" })

    @Test(
        "A flipped bit at any byte of any file of a lane never traps; the rest is delivered once, and what is lost is counted",
        arguments: ["000000000001.spool", "000000000002.spool", "settled", "taken"])
    func flippedBit(file: String) throws {
        let whole = try fill()
        let name = "\(SpoolBench.laneDirectory)/\(file)"
        let bytes = whole.bytes(name)
        try #require(!bytes.isEmpty)
        for offset in bytes.indices {
            let directory = whole.copyTree()
            directory.change(name) { $0[offset] ^= 1 << UInt8(offset % 8) }
            let outcome = try deliver(directory)
            let sent = outcome.texts.filter { !$0.isEmpty }
            #expect(Set(sent).count == sent.count, "byte \(offset): \(sent)")
            // What was forwarded may be sent again under its number, where the note of that is what was damaged.
            let again: Set = file == "settled" ? ["message-0;"] : []
            #expect(Set(sent).subtracting(again).isSubset(of: Self.waiting), "byte \(offset): \(sent)")
            let lost = Self.waiting.subtracting(sent)
            let figures = try #require(outcome.figures)
            #expect(figures.accepted == 5, "byte \(offset)")
            #expect(figures.settled.forwarded == UInt64(5 - lost.count), "byte \(offset)")
            #expect(figures.settled.dropped(.damaged) == UInt64(lost.count), "byte \(offset)")
            #expect(figures.spooled == 0, "byte \(offset)")
            #expect(lost.count <= 1, "byte \(offset)")
            #expect(lost.isEmpty || !outcome.quarantined.isEmpty, "byte \(offset)")
        }
    }

    @Test("Both headers of a segment damaged cost that segment, which is set aside whole and counted exactly")
    func segmentHeaderGone() throws {
        let whole = try fill()
        whole.change("\(SpoolBench.laneDirectory)/000000000001.spool") { bytes in
            (bytes[20], bytes[100]) = (~bytes[20], ~bytes[100])
        }
        let outcome = try deliver(whole)
        #expect(outcome.texts == ["message-3;", "message-4;"])
        #expect(outcome.figures?.accepted == 5 && outcome.figures?.settled.dropped(.damaged) == 2)
        #expect(outcome.quarantined == ["\(SpoolBench.laneDirectory)-1.spool"])
    }

    @Test("A last record cut off at any byte leaves all before it, and is counted")
    func tornTail() throws {
        let whole = try fill()
        let name = "\(SpoolBench.laneDirectory)/000000000002.spool"
        let bytes = whole.bytes(name)
        for length in bytes.count - 58..<bytes.count {
            let directory = whole.copyTree()
            directory.change(name) { $0.removeLast(bytes.count - length) }
            let outcome = try deliver(directory)
            #expect(outcome.texts == (1...3).map { "message-\($0);" }, "cut at \(length)")
            #expect(outcome.figures?.accepted == 5 && outcome.figures?.settled.dropped(.damaged) == 1)
        }
    }

    @Test("A copy of any stretch of a segment at its end, or in its middle, is delivered to nobody a second time")
    func copies() throws {
        let bench = try SpoolBench { $0.batchBytes = 20 }
        for number in 0..<6 { try bench.store("message-\(number);") }
        bench.flush()
        let name = "\(SpoolBench.laneDirectory)/000000000001.spool"
        let record = RecordHeader.length + 10
        func start(_ number: Int) -> Int { SegmentHeader.length + number * record }
        for first in 0..<6 {
            for last in first + 1...6 {
                for place in last...6 {
                    let directory = bench.directory.copyTree()
                    directory.change(name) { bytes in
                        bytes.insert(contentsOf: bytes[start(first)..<start(last)], at: start(place))
                    }
                    let outcome = try deliver(directory)
                    let label = "\(first)..<\(last) at \(place)"
                    #expect(outcome.texts.joined() == (0..<6).map { "message-\($0);" }.joined(), "\(label)")
                    #expect(outcome.figures?.accepted == 6 && outcome.figures?.settled.forwarded == 6, "\(label)")
                }
            }
        }
    }

    @Test("Files that no lane made are left alone, whatever their names")
    func foreignFiles() throws {
        let directory = try fill()
        let lane = SpoolBench.laneDirectory
        directory.write(Array("noise".utf8), to: "\(lane)/18446744073709551615.spool")
        directory.write([], to: "\(lane)/readme.spool")
        mkdir("\(directory.path)/tcp-traces", 0o750)
        mkdir("\(directory.path)/tcp-spans-x-y", 0o750)
        #expect(try deliver(directory).texts == (1...4).map { "message-\($0);" })
        let next = try SpoolBench(directory.copyTree())
        #expect(try next.store("more;") == "stored")
    }

    @Test(
        "Any bytes at all in any file of a lane: a start works, delivers nothing that was not written, and takes new messages",
        arguments: 0..<60 as Range<UInt64>)
    func noise(seed: UInt64) throws {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ limit: Int) -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int(random % UInt64(limit))
        }
        let directory = try fill()
        let files = ["000000000001.spool", "000000000002.spool", "settled", "taken"]
        for _ in 0...next(3) {
            directory.change("\(SpoolBench.laneDirectory)/\(files[next(files.count)])") { bytes in
                guard !bytes.isEmpty else { return }
                let start = next(bytes.count)
                switch next(4) {
                case 0: bytes.removeLast(bytes.count - start)
                case 1: for index in start..<min(bytes.count, start + 40) { bytes[index] = UInt8(next(256)) }
                case 2: bytes.removeSubrange(start..<min(bytes.count, start + 1 + next(80)))
                default: bytes.insert(contentsOf: bytes[start..<min(bytes.count, start + 58)], at: start)
                }
            }
        }
        let bench = try SpoolBench(directory)
        let texts = try bench.deliver()
        let known = (0...4).map { "message-\($0);" }
        let found = texts.joined().split(separator: ";").map { "\($0);" }
        #expect(found.allSatisfy { known.contains($0) }, "seed \(seed): \(texts)")
        #expect(Set(found).count == found.count, "seed \(seed): \(texts)")
        let figures = try #require(bench.figures)
        #expect(figures.spooled == 0, "seed \(seed)")
        #expect(try bench.store("more;") == "stored")
        #expect(try bench.deliver() == ["more;"])
    }
}
