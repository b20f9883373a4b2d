import EventLoop
import Files
import Glibc
import StorageTesting
import Testing
import WireFormat

@testable import Spool

@Suite struct LaneTests {
    @Test("A message is answered after its round was written, and not before")
    func answersAfterTheWrite() throws {
        let bench = try SpoolBench()
        let replies = try ["one;", "two;"].compactMap { try bench.append($0) }
        #expect(replies.map(\.text) == ["open", "open"])
        #expect(bench.segments() == [])
        bench.turn()
        #expect(replies.map(\.text) == ["stored", "stored"])
        let bytes = bench.directory.bytes("\(SpoolBench.laneDirectory)/\(bench.segments()[0])")
        #expect(bytes.count == 160 + 2 * (48 + 4))
    }

    @Test("A batch is closed before the message that would make it too large, and numbers are dense")
    func batchesBySize() throws {
        let bench = try SpoolBench { $0.batchBytes = 10 }
        for text in ["aaaa", "bbbb", "cccc", "dddd", "a message that is longer than a batch", "e"] {
            try bench.append(text)
        }
        bench.turn()
        bench.flush()
        #expect(
            try bench.posted.map { try bench.text(of: $0) }
                == ["aaaabbbb", "ccccdddd", "a message that is longer than a batch", "e"])
        #expect(bench.posted.map(\.sequence) == [1, 2, 3, 4])
        #expect(bench.posted.map(\.items) == [2, 2, 1, 1])
    }

    @Test("A large message is written at once, behind what came before it, and read back in pieces", arguments: [0, 3])
    func largeMessage(noteLength: Int) throws {
        let bench = try SpoolBench()
        let note = [UInt8](repeating: 7, count: noteLength)
        let text = String(repeating: "0123456789abcde,", count: 80_000) + "end;"
        let replies = try ["before;", text, "after;"].compactMap { try bench.append($0, note: note) }
        #expect(replies.map(\.text) == ["stored", "stored", "open"])
        bench.turn()
        let next = try bench.restart()
        if noteLength == 0 { #expect(try next.store(text) == "duplicate") }
        for bench in [bench, next] {
            bench.flush()
            let batches = bench.takeBatches()
            #expect(try batches.map { try bench.text(of: $0) } == ["before;", text, "after;"])
            var single = try #require(try BatchReader(bench.spool).single(batches[1]))
            var (bytes, piece) = ([UInt8](), [UInt8]())
            while try single.pieces.next(into: &piece) { bytes += piece }
            #expect(bytes == Array(text.utf8) && single.length == bytes.count && single.content.items == 1)
        }
    }

    @Test("A large message that was damaged is none to be read in pieces; one that cannot be written fails alone")
    func largeMessageInTrouble() throws {
        let bench = try SpoolBench { ($0.isRequired, $0.batchBytes) = (true, 100) }
        let text = String(repeating: "large", count: 300_000)
        bench.storage.set { $0.room = 200_000 }
        let failed = try bench.append(text)
        #expect(failed?.text == "failed")
        bench.storage.set { $0.room = .max }
        #expect(try bench.store("small;") == "stored")
        #expect(try bench.append(text)?.text == "stored")
        bench.flush()
        let copy = bench.directory.copyTree()
        copy.change("\(SpoolBench.laneDirectory)/\(bench.segments().last ?? "")") { $0[$0.count - 5] ^= 1 }
        let next = try SpoolBench(copy)
        let batches = next.takeBatches()
        try #require(batches.count == 2)
        #expect(try BatchReader(next.spool).single(batches[1]) == nil)
        #expect(try batches.map { try next.text(of: $0) } == ["small;", ""])
        #expect(next.quarantined().count == 1)
    }

    @Test("A batch that does not fill is closed when it is old enough")
    func batchesByAge() throws {
        let bench = try SpoolBench { $0.maxDelay = .milliseconds(5) }
        try bench.store("alone")
        #expect(bench.posted.isEmpty)
        try bench.run { !bench.posted.isEmpty }
        #expect(bench.posted.map(\.sequence) == [1])
    }

    @Test("While several batches wait the next one goes on filling, and is closed once they are fewer")
    func staysOpenWhileOthersWait() throws {
        let bench = try SpoolBench {
            ($0.batchBytes, $0.fewBatches, $0.maxDelay) = (4, 2, .milliseconds(2))
        }
        for text in ["aaaa", "bbbb", "cc"] { try bench.store(text) }
        #expect(bench.posted.map(\.sequence) == [1, 2])
        let start = MonotonicTime.now()
        try bench.run { MonotonicTime.now() - start > .milliseconds(20) }
        #expect(bench.posted.count == 2)
        try bench.settle(bench.posted[0])
        try bench.run { bench.posted.count == 3 }
        #expect(try bench.text(of: bench.posted[2]) == "cc")
    }

    @Test("A message of spans that is repeated is stored once: in its round, later, and after a restart")
    func repeats() throws {
        let bench = try SpoolBench()
        let replies = try (0..<3).compactMap { _ in try bench.append("spans;") }
        bench.turn()
        #expect(replies.map(\.text) == ["stored", "duplicate", "duplicate"])
        #expect(try bench.store("spans;") == "duplicate")
        #expect(try bench.store("other;") == "stored")
        let next = try bench.restart()
        #expect(try next.store("spans;") == "duplicate")
        #expect(try next.deliver() == ["spans;other;"])
        #expect(next.figures?.accepted == 2)
        #expect(try next.store("spans;") == "duplicate", "what was forwarded a moment ago is known as well")
    }

    @Test("Equal metrics, and equal datagrams with notes of their own, are each stored")
    func equalMetrics() throws {
        let bench = try SpoolBench()
        for _ in 0..<2 { #expect(try bench.store("points;", to: SpoolBench.metrics) == "stored") }
        for note: UInt8 in [1, 2] { #expect(try bench.store("spans;", note: [note]) == "stored") }
        #expect(try bench.deliver().sorted() == ["points;points;", "spans;spans;"])
    }

    @Test("A message that was repeated within a round that could not be written fails with it, and may come again")
    func repeatOfAFailure() throws {
        let bench = try SpoolBench { $0.isRequired = true }
        bench.storage.set { $0.create = 5 }
        let replies = try (0..<2).compactMap { _ in try bench.append("spans;") }
        bench.turn()
        #expect(replies.map(\.text) == ["failed", "failed"])
        bench.storage.set { $0.create = nil }
        #expect(try bench.store("spans;") == "stored")
        #expect(try bench.deliver() == ["spans;"])
    }

    @Test("Notes are found again, oldest first, and are no part of the message")
    func notes() throws {
        let bench = try SpoolBench()
        try bench.store("a;", note: [1])
        try bench.store("", items: 0, note: [2, 2])
        let next = try bench.restart()
        #expect(next.notes.list == [[1], [2, 2]])
        #expect(try next.deliver() == ["a;"])
    }

    // MARK: sync = always

    @Test("With sync = always a message, and one that repeats it, is answered once it is on the disk")
    func syncAlways() throws {
        let bench = try SpoolBench { $0.sync = .always }
        let first = try #require(try bench.append("spans;"))
        bench.turn()
        #expect(first.text == "open")
        let second = try #require(try bench.append("spans;"))
        bench.turn()
        #expect(second.text == "open", "a repetition is no sooner on the disk than what it repeats")
        #expect(bench.storage.current.synchronized == [])
        try bench.sync.serve(on: bench.loop)
        try bench.run { second.text != "open" }
        #expect([first.text, second.text] == ["stored", "duplicate"])
        let lane = "\(bench.directory.path)/\(SpoolBench.laneDirectory)"
        #expect(bench.storage.current.synchronized == ["\(lane)/\(bench.segments()[0])"])
        #expect(bench.storage.current.synchronizedDirectories == [lane, bench.directory.path])
    }

    @Test("A failed fdatasync is answered as such, the file is left, and what it holds is sent all the same")
    func syncFails() throws {
        let bench = try SpoolBench { $0.sync = .always }
        bench.storage.set { $0.synchronize = 5 }
        try bench.sync.serve(on: bench.loop)
        let reply = try #require(try bench.append("spans;"))
        try bench.run { reply.text != "open" }
        #expect(reply.text == "failed")
        bench.storage.set { $0.synchronize = nil }
        let again = try #require(try bench.append("spans;"))
        try bench.run { again.text != "open" }
        #expect(again.text == "stored")
        #expect(bench.segments().count == 2)
        #expect(try bench.deliver() == ["spans;", "spans;"])
        #expect(bench.eventNames.contains("syncFailed"))
    }

    // MARK: what goes wrong with the disk

    @Test(
        "Where a spool is required nothing is taken that cannot be written, and all is taken once it can",
        arguments: [true, false])
    func fullDiskRequired(cuts: Bool) throws {
        let bench = try SpoolBench { $0.isRequired = true }
        try bench.store("first;")
        // Half of the next record fits.
        bench.storage.set { ($0.room, $0.truncate) = (30, cuts ? nil : 5) }
        #expect(try bench.store("second;") == "failed")
        bench.storage.set { ($0.room, $0.truncate) = (.max, nil) }
        #expect(try bench.store("second;") == "stored")
        #expect(bench.eventNames.filter { $0 != "recovered" } == ["directoryFailed", "directoryBack"])
        let next = try bench.restart()
        #expect(try next.deliver() == ["first;", "second;"])
        #expect(try bench.deliver() == ["first;", "second;"])
        for figures in [bench.figures, next.figures] {
            #expect(figures?.accepted == 2 && figures?.settled.forwarded == 2 && figures?.spooled == 0)
        }
    }

    @Test("What a write left that failed behind whole records, and could not be cut off, is not taken for accepted")
    func staleRecords() throws {
        let bench = try SpoolBench { $0.isRequired = true }
        try bench.store("first;")
        bench.storage.set { ($0.room, $0.truncate) = (2 * (48 + 3) - 1, 5) }
        let failed = try ["aa;", "bb;"].compactMap { try bench.append($0) }
        bench.turn()
        #expect(failed.map(\.text) == ["failed", "failed"])
        bench.storage.set { ($0.room, $0.truncate) = (.max, nil) }
        #expect(try bench.store("cc;") == "stored")
        #expect(try bench.store("aa;") == "stored")
        bench.flush()
        let next = try bench.restart()
        #expect(try next.deliver() == ["first;", "cc;aa;"])
        #expect(next.figures?.accepted == 3)
    }

    @Test(
        "Where none is required messages are kept in memory while the directory fails, and on the disk again afterwards"
    )
    func memory() throws {
        let bench = try SpoolBench { $0.retryPause = .seconds(3600) }
        bench.storage.set { $0.create = 28 }
        #expect(try bench.store("a;") == "stored")
        #expect(bench.spool.status.isInMemory && !bench.spool.isPersistent)
        #expect(try bench.store("b;") == "stored")
        #expect(bench.segments() == [])
        #expect(try bench.deliver() == ["a;b;"])
        #expect(bench.spool.isPersistent)
        #expect(bench.figures?.spooled == 0)
        #expect(bench.eventNames == ["directoryFailed"])
    }

    @Test("While the directory keeps failing, trying it anew costs no file in memory")
    func memoryTriesAgain() throws {
        let bench = try SpoolBench()
        bench.storage.set { $0.create = 28 }
        for index in 0..<20 { #expect(try bench.store("\(index);") == "stored") }
        #expect(bench.spool.lanes[0].currentSegments.count == 1)
        bench.storage.set { $0.create = nil }
        #expect(try bench.store("on disk;") == "stored")
        #expect(!bench.spool.status.isInMemory && !bench.spool.isPersistent)
        #expect(bench.segments().count == 1)
        #expect(try bench.deliver().joined().hasSuffix("19;on disk;"))
        #expect(bench.spool.isPersistent)
        #expect(bench.eventNames == ["directoryFailed", "directoryBack"])
    }

    @Test(
        "Numbers that were used in memory are used by no later process, as a collector may have stored them",
        arguments: [false, true])
    func numbersOfMemory(failsFromTheStart: Bool) throws {
        let earlier = try SpoolBench()
        try earlier.store("disk;")
        earlier.flush()
        let bench = failsFromTheStart ? try earlier.restart() : earlier
        bench.storage.set { ($0.create, $0.write) = (28, 28) }
        for text in ["a;", "b;"] {
            try bench.store(text)
            bench.flush()
        }
        let used = Set(bench.posted.map(\.sequence)).union([1])
        #expect(used.count == 3)
        let next = try bench.restart()
        for text in ["c;", "d;", "e;"] {
            try next.store(text)
            next.flush()
        }
        #expect(Set(next.posted.map(\.sequence)).isDisjoint(with: used))
        #expect(try next.deliver() == ["disk;", "c;", "d;", "e;"])
    }

    @Test("A directory that could not be had at the start is taken when it can, and what it held goes by another name")
    func lateDirectory() throws {
        let earlier = try SpoolBench()
        try earlier.store("earlier;")
        let directory = earlier.directory.copyTree()
        var blocker: DirectoryLock? = try DirectoryLock(directory: directory.path)
        let bench = try SpoolBench(directory)
        #expect(bench.spool.status.isInMemory && bench.recovered.isEmpty)
        #expect(try bench.store("meanwhile;") == "stored")
        #expect(bench.spool.status.isInMemory)
        withExtendedLifetime(blocker) {}
        blocker = nil
        #expect(try bench.store("late;") == "stored")
        #expect(!bench.spool.status.isInMemory)
        #expect(bench.eventNames == ["directoryFailed", "directoryBack"])
        let lanes = directory.names().filter { $0.hasPrefix(SpoolBench.laneDirectory) }
        #expect(lanes.count == 2 && lanes[1].contains("~"))
        let next = try bench.restart()
        #expect(try next.deliver().sorted() == ["earlier;", "late;"])
    }

    @Test("A second process is told which one holds the directory")
    func locked() throws {
        let bench = try SpoolBench()
        var options = SpoolOptions(directory: bench.directory.path)
        options.isRequired = true
        let error = #expect(throws: SpoolError.self) { _ = try Spool.open(options, keys: []) { _ in } }
        #expect(error == .locked(directory: bench.directory.path, process: getpid()))
        #expect(error?.description.contains("is a second sidecar running?") == true)
    }

    @Test("A file that somebody removed is left for another one, and what it holds is delivered")
    func removedFile() throws {
        let bench = try SpoolBench()
        try bench.store("first;")
        let path = "\(bench.directory.path)/\(SpoolBench.laneDirectory)/\(bench.segments()[0])"
        try LocalStorage().remove(path)
        bench.sync.synchronizeAll()
        #expect(bench.eventNames == ["fileVanished"])
        try bench.store("second;")
        #expect(bench.segments() == ["000000000002.spool"])
        #expect(try bench.deliver() == ["first;", "second;"])
        #expect(bench.figures?.settled.forwarded == 2)
    }

    // MARK: space

    @Test("Over the limit there is no room; once all is settled the whole budget is given back")
    func space() throws {
        let bench = try SpoolBench { ($0.maxBytes, $0.batchBytes) = (1 << 20, 64 << 10) }
        let text = String(repeating: "x", count: 100 << 10)
        var stored = 0
        while try bench.store("\(stored)" + text) == "stored" { stored += 1 }
        #expect(stored == 10)
        #expect(bench.spool.status.bytes <= 1 << 20)
        #expect(try bench.store("small", to: SpoolBench.metrics) == "stored")
        #expect(try bench.deliver().count == 11)
        #expect(try bench.store("now" + text) == "stored")
        try bench.deliver()
        bench.spool.giveBackAllThatIsSettled()
        #expect(bench.spool.budget.used == 0)
        #expect(bench.segments() == [])
        #expect(try bench.store("afterwards") == "stored")
    }

    @Test("Space that another lane's open file holds, all of it settled, is given to the lane that needs it")
    func spaceOfOthers() throws {
        let bench = try SpoolBench { $0.maxBytes = 1 << 20 }
        let text = String(repeating: "x", count: 40 << 10)
        var kinds: [LaneKey] = []
        for number in 0..<24 { kinds.append(LaneKey(door: "tcp", kind: .traces, collector: "c\(number)")) }
        for kind in kinds { #expect(try bench.store(text, to: kind) == "stored") }
        try bench.deliver()
        #expect(try bench.store(String(repeating: "y", count: 500 << 10)) == "stored")
    }

    @Test("What recovered batches hold open is let go once they are settled")
    func recoveredFilesAreClosed() throws {
        let bench = try SpoolBench()
        try bench.store("first;")
        let next = try bench.restart()
        weak var segment: SpoolSegment?
        do {
            let batches = next.takeBatches()
            segment = batches[0].segment
            try next.settle(batches[0])
            next.spool.giveBackAllThatIsSettled()
        }
        #expect(segment == nil)
        #expect(next.spool.budget.used == 0)
    }
}
