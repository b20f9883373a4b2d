import Files
import Glibc
import StorageTesting
import Testing
import TraceModel
import WireFormat

@testable import SegmentStore

@Suite struct RecoveryTests {
    @Test("A log that is large is sealed by a start, a small one goes on growing", arguments: [1 << 20, 16 << 10])
    func sealsLargeLog(segmentBytes: Int) throws {
        let directory = TemporaryDirectory()
        let first = try SegmentStore.open(directory: directory.path, options: quick())
        let outcomes = first.appendAll((0..<300).map { Samples.traces([UInt64($0)]) })
        #expect(outcomes.allSatisfy { $0 == .success(.stored) })
        first.close()
        let size = directory.bytes("00000001.log").count
        #expect(size > 4 << 10 && size < 16 << 10)
        let store = try SegmentStore.open(
            directory: directory.path, options: quick { $0.segmentBytes = segmentBytes })
        defer { store.close() }
        store.waitUntilSealed()
        #expect(store.append(Samples.traces([300])) == .success(.stored))
        let segments = store.segmentsNow()
        #expect(segments.map(\.isSealed) == (segmentBytes == 1 << 20 ? [false] : [true, false]))
        for trace in [0, 299, 300] as [UInt64] { #expect(try store.trace(Samples.id(trace)) == Samples.spans([trace])) }
    }

    @Test("A second store in the same directory is refused and told who has the first; it may open after the close")
    func locked() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        let expected = StoreError.locked(directory: directory.path, process: getpid())
        #expect(throws: expected) { try SegmentStore.open(directory: directory.path, options: quick()) }
        #expect(
            expected.description
                == "store directory '\(directory.path)' is locked by process \(getpid()); is a second collector running?"
        )
        store.close()
        try SegmentStore.open(directory: directory.path, options: quick()).close()
    }

    @Test("A directory that cannot be made is an error that names it")
    func unusableDirectory() throws {
        let directory = TemporaryDirectory()
        directory.write([1], to: "file")
        #expect(throws: StoreError.storage(StorageFailure("opening", directory.path + "/file/lock", code: ENOTDIR))) {
            try SegmentStore.open(directory: directory.path + "/file", options: quick())
        }
    }

    @Test("Killed after any commit, the store has every record acknowledged until then, and takes new ones")
    func killedBetweenCommits() throws {
        let directory = TemporaryDirectory()
        let options = quick { $0.segmentBytes = 1500 }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        for commit in UInt64(0)..<25 {
            #expect(store.append(Samples.traces([commit, commit + 100])) == .success(.stored))
            let crashed = directory.copy()
            let again = try SegmentStore.open(directory: crashed.path, options: options)
            for trace in 0...commit { #expect(try again.trace(Samples.id(trace)) == Samples.spans([trace])) }
            #expect(again.append(Samples.traces([999])) == .success(.stored))
            #expect(try again.trace(Samples.id(999)) == Samples.spans([999]))
            #expect(again.statistics.damagedFrames == 0)
            again.close()
        }
    }

    @Test("Cut at any byte of its last frame, a log loses that frame alone and goes on")
    func tornAtEveryByte() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        var ends: [Int] = []
        for trace in UInt64(0)..<3 {
            _ = store.append(Samples.traces([trace]))
            ends.append(directory.bytes("00000001.log").count)
        }
        store.close()
        let log = directory.bytes("00000001.log")
        #expect(log.count == ends[2])
        for length in ends[1]...ends[2] {
            let torn = TemporaryDirectory()
            torn.write(Array(log.prefix(length)), to: "00000001.log")
            let again = try SegmentStore.open(directory: torn.path, options: quick())
            #expect(try again.trace(Samples.id(0)) == Samples.spans([0]))
            #expect(try again.trace(Samples.id(1)) == Samples.spans([1]))
            #expect(try again.trace(Samples.id(2)) == (length == ends[2] ? Samples.spans([2]) : nil))
            #expect(again.statistics.damagedFrames == (length == ends[1] || length == ends[2] ? 0 : 1))
            #expect(again.append(Samples.traces([3])) == .success(.stored))
            #expect(again.statistics.segments == 1)
            #expect(try again.trace(Samples.id(3)) == Samples.spans([3]))
            again.close()
        }
    }

    @Test("Cut anywhere in its header, a log without frames is dropped and the store starts")
    func tornHeader() throws {
        let header = SegmentHeader(number: 4, salt: 5, created: 6).bytes
        for length in 0...header.count {
            let directory = TemporaryDirectory()
            directory.write(Array(header.prefix(length)), to: "00000004.log")
            let store = try SegmentStore.open(directory: directory.path, options: quick())
            defer { store.close() }
            #expect(store.append(Samples.traces([1])) == .success(.stored))
            #expect(store.statistics.damagedFrames == 0)
            #expect(store.statistics.segments == 1)
        }
    }

    @Test("Zeros behind the last frame are blocks never written: cut, and not damage")
    func zerosAtEnd() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        _ = store.append(Samples.traces([1]))
        store.close()
        let log = directory.bytes("00000001.log")
        directory.write(log + [UInt8](repeating: 0, count: 3_000_000), to: "00000001.log")
        let again = try SegmentStore.open(directory: directory.path, options: quick())
        defer { again.close() }
        #expect(again.statistics.damagedFrames == 0)
        #expect(directory.bytes("00000001.log") == log)
        #expect(again.append(Samples.traces([2])) == .success(.stored))
        #expect(try again.trace(Samples.id(1)) == Samples.spans([1]))
    }

    @Test(
        "A flipped bit loses exactly the frame it is in, which is set aside; all else is read", arguments: UInt64(1)...6
    )
    func bitFlips(seed: UInt64) throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        var ends = [SegmentHeader.length]
        for trace in UInt64(0)..<12 {
            _ = store.append(Samples.traces([trace, trace + 1000]))
            ends.append(directory.bytes("00000001.log").count)
        }
        store.close()
        let log = directory.bytes("00000001.log")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<12 {
            let offset = Int.random(in: 0..<log.count, using: &generator)
            let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
            var damaged = log
            damaged[offset] ^= bit
            let copy = TemporaryDirectory()
            copy.write(damaged, to: "00000001.log")
            let events = Events()
            let again = try SegmentStore.open(directory: copy.path, options: quick(), log: events.log)
            defer { again.close() }
            let lost = offset < SegmentHeader.length ? nil : ends.firstIndex { $0 > offset }.map { $0 - 1 }
            for frame in 0..<12 {
                let expected = frame == lost ? nil : Samples.spans([UInt64(frame)])
                #expect(try again.trace(Samples.id(UInt64(frame))) == expected, "byte \(offset), bit \(bit)")
            }
            #expect(again.statistics.damagedFrames == (lost == nil ? 0 : 1), "byte \(offset), bit \(bit)")
            if let lost {
                let kept = copy.bytes("quarantine/1-\(ends[lost]).damaged")
                #expect(kept == Array(damaged[ends[lost]..<ends[lost + 1]]))
                let path = copy.path + "/quarantine/1-\(ends[lost]).damaged"
                #expect(
                    events.all.contains(
                        .damaged(
                            path: copy.path + "/00000001.log", offset: ends[lost], length: ends[lost + 1] - ends[lost],
                            keptAs: path)))
            }
            #expect(again.append(Samples.traces([500])) == .success(.stored))
            #expect(try again.trace(Samples.id(500)) == Samples.spans([500]))
        }
    }

    @Test("A flipped bit in a sealed segment's log is met when reading: that frame is skipped and counted, once")
    func flipInSealedLog() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 700 })
        defer { store.close() }
        var frames = 0
        while store.statistics.segments < 2 || frames < 4 {
            _ = store.append(Samples.traces([UInt64(frames), 77]))
            frames += 1
        }
        store.waitUntilSealed()
        var log = directory.bytes("00000001.log")
        log[SegmentHeader.length + FrameHeader.length + 9] ^= 0x10
        directory.write(log, to: "00000001.log")
        #expect(try store.trace(Samples.id(0)) == nil)
        #expect(try store.trace(Samples.id(0)) == nil)
        #expect(try store.trace(Samples.id(1)) == Samples.spans([1]))
        var shared: [UInt8] = []
        for _ in 1..<frames { shared += Samples.spans([77]) }
        #expect(try store.trace(Samples.id(77)) == shared)
        #expect(store.statistics.damagedFrames == 1)
    }

    @Test(
        "An index file that is missing, cut, flipped or another segment's is made anew from the log",
        arguments: UInt64(1)...4)
    func damagedIndex(seed: UInt64) throws {
        let directory = TemporaryDirectory()
        let options = quick { $0.segmentBytes = 900 }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        for trace in UInt64(0)..<20 { _ = store.append(Samples.traces([trace])) }
        store.waitUntilSealed()
        let crashed = directory.copy()
        store.close()
        let intact = crashed.bytes("00000002.idx")
        #expect(!intact.isEmpty)
        var generator = SeededGenerator(seed: seed)
        var damages = [[], Array(intact.prefix(100)), Array(intact.dropLast()), crashed.bytes("00000001.idx")]
        for _ in 0..<8 {
            var bytes = intact
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            damages.append(bytes)
        }
        for damage in damages {
            let copy = crashed.copy()
            copy.write(damage, to: "00000002.idx")
            let events = Events()
            let again = try SegmentStore.open(directory: copy.path, options: options, log: events.log)
            defer { again.close() }
            again.waitUntilSealed()
            for trace in UInt64(0)..<20 { #expect(try again.trace(Samples.id(trace)) == Samples.spans([trace])) }
            #expect(
                events.all.contains {
                    if case .indexDamaged(let path, _) = $0 { return path.hasSuffix("00000002.idx") }
                    return false
                })
            #expect(try SealedIndex(path: copy.path + "/00000002.idx", number: 2).areTablesIntact())
        }
    }

    @Test("Damage in a table of traces is mended right after the start, in other tables when their time has come")
    func verifiesInTurn() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 900 })
        for trace in UInt64(0)..<20 { _ = store.append(Samples.traces([trace])) }
        store.waitUntilSealed()
        store.close()
        for (section, isMended) in [(IndexFile.Section.Kind.traces, true), (.tokens, false)] {
            let copy = directory.copy()
            var bytes = copy.bytes("00000002.idx")
            let offset = bytes.withUnsafeBytes { $0.loadLittle(at: IndexFile.Section.place(section), as: UInt64.self) }
            bytes[Int(offset) + 9] ^= 1
            copy.write(bytes, to: "00000002.idx")
            let events = Events()
            let again = try SegmentStore.open(
                directory: copy.path, options: quick { $0.verificationDelay = .seconds(3600) }, log: events.log)
            defer { again.close() }
            _ = again.context.maintenance.wait {
                $0.unlearned.isEmpty && $0.ended.isEmpty && !$0.isBusy ? true : nil
            }
            for trace in UInt64(0)..<20 { #expect(try again.trace(Samples.id(trace)) == Samples.spans([trace])) }
            let isTold = events.all.contains { if case .indexDamaged = $0 { true } else { false } }
            #expect(isTold == isMended)
        }
    }

    @Test("A log of random bytes is moved to the quarantine and the store starts", arguments: UInt64(1)...3)
    func randomLog(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let directory = TemporaryDirectory()
        directory.write(bytes, to: "00000003.log")
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        defer { store.close() }
        #expect(directory.bytes("quarantine/3.log") == bytes)
        #expect(store.statistics.damagedFrames == 1)
        #expect(store.append(Samples.traces([1])) == .success(.stored))
        #expect(directory.names().contains("00000004.log"))
    }

    @Test("Left-overs are swept up: an index without a log, a half-written index; foreign files stay")
    func leftovers() throws {
        let directory = TemporaryDirectory()
        directory.write([1], to: "00000007.idx")
        directory.write([1], to: "00000008.idx.new")
        directory.write([1], to: "ledger.new")
        directory.write([1], to: "notes.txt")
        try SegmentStore.open(directory: directory.path, options: quick()).close()
        #expect(directory.names() == ["ledger", "lock", "notes.txt"])
    }

    @Test(
        "Bytes that look like a frame, sent as telemetry, are not taken for one when the frame around them is damaged")
    func forgedFrame() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        var forged = FrameBuilder(frameBytes: 1 << 20, level: 1)
        forged.begin(salt: 0x1234, ordinal: 1, fileOffset: 0, content: 1 << 20)
        _ = try forged.append(Samples.traces([66]))
        try forged.finish()
        // Random bytes around it keep zstd from compressing, so the forgery lies in the log as it was sent.
        var generator = SeededGenerator(seed: 1)
        let noise = (0..<4000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        _ = store.append(Samples.traces([1]))
        let start = directory.bytes("00000001.log").count
        _ = store.append(IngestRecord(kind: .logs, receivedAt: 1, body: noise + forged.bytes + noise, items: 1))
        _ = store.append(Samples.traces([2]))
        store.close()
        var log = directory.bytes("00000001.log")
        #expect((0..<log.count - forged.bytes.count).contains { log[$0...].starts(with: forged.bytes) })
        log[start + 17] ^= 1
        directory.write(log, to: "00000001.log")
        let again = try SegmentStore.open(directory: directory.path, options: quick())
        defer { again.close() }
        #expect(try again.trace(Samples.id(66)) == nil)
        #expect(try again.trace(Samples.id(2)) == Samples.spans([2]))
        #expect(again.statistics.damagedFrames == 1)
    }
}
