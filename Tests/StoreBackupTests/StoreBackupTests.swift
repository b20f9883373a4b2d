import Files
import SegmentStore
import StorageTesting
import Synchronization
import Testing
import TraceModel
import WireFormat

@testable import StoreBackup

@Suite struct StoreBackupTests {
    private let source = TemporaryDirectory()
    private let backup = TemporaryDirectory()
    private let place = TemporaryDirectory()
    private var target: String { place.path + "/store" }

    private static func options(segmentBytes: Int = 64 << 10) -> StoreOptions {
        var options = StoreOptions()
        options.sync = false
        options.segmentBytes = segmentBytes
        return options
    }

    private func open(_ directory: String) throws -> SegmentStore {
        try SegmentStore.open(directory: directory, options: Self.options())
    }

    private static func record(_ number: UInt64, bytes: Int = 3_000) -> IngestRecord {
        var writer = ProtobufWriter()
        writer.message(1) { resource in
            resource.message(2) { scope in
                scope.message(2) { span in
                    span.bytes(1, TraceID(high: 7, low: number).bytes)
                    span.bytes(2, SpanID(value: number).bytes)
                    // Bytes that do not compress, so that segments fill up.
                    span.bytes(999, (0..<bytes).map { UInt8(truncatingIfNeeded: ($0 &* 31) &* Int(number) ^ $0 >> 3) })
                }
            }
        }
        var scanner = TelemetryScanner(collectsTraces: true)
        do { try scanner.scan(writer.bytes.span, as: .traces) } catch { preconditionFailure("\(error)") }
        return IngestRecord(
            kind: .traces, sender: SenderID(high: 1, low: 1), sequence: number, receivedAt: 1_000 + number,
            body: writer.bytes, runs: scanner.runs, services: scanner.services, items: scanner.items)
    }

    /// Stores spans and waits until each is durable.
    private func append(_ numbers: ClosedRange<UInt64>, to store: SegmentStore) {
        for number in numbers {
            let done = Latch()
            #expect(store.submit(Self.record(number)) { _ in done.open() })
            done.wait()
        }
    }

    private func run(onDamage: @escaping (String) -> Void = { _ in }) throws -> StoreBackup.Report {
        try StoreBackup.run(from: source.path, into: backup.path, now: 5, onDamage: onDamage)
    }

    /// A store out of the backup, and whether it holds exactly these spans with an even ledger.
    private func expectRestored(_ numbers: ClosedRange<UInt64>) throws {
        _ = try StoreRestore.run(from: backup.path, into: target)
        let store = try open(target)
        defer { store.close() }
        for number in numbers { #expect(try store.trace(TraceID(high: 7, low: number)) != nil, "span \(number)") }
        let ledger = store.ledger()
        #expect(ledger.stored.spans == UInt64(numbers.count))
        #expect(ledger.held.spans == UInt64(numbers.count))
        #expect(ledger.damaged.spans == 0)
        #expect(ledger.deleted.spans == 0)
        #expect(store.statistics.held.spans == UInt64(numbers.count))
    }

    @Test("A backup of a store that is open holds everything that was stored, in sealed segments and in the open one")
    func wholeStore() throws {
        let store = try open(source.path)
        append(1...200, to: store)
        store.waitUntilSealed()
        let report = try run()
        #expect(report.frames == 200)
        #expect(report.damaged == 0)
        store.close()
        #expect(source.names().filter { $0.hasSuffix(".idx") }.count > 3)
        try expectRestored(1...200)
    }

    @Test("The second backup copies what is new alone, and removes what the store has no more")
    func incremental() throws {
        let store = try open(source.path)
        append(1...100, to: store)
        store.waitUntilSealed()
        let first = try run()
        #expect(first.keptFiles == 0)
        append(101...150, to: store)
        store.waitUntilSealed()
        let second = try run()
        let sealed = first.copiedFiles - 2  // all but the ledger and the open log
        #expect(second.keptFiles >= sealed - 1)
        #expect(second.copiedBytes < first.copiedBytes)
        let again = try run()
        #expect(again.copiedFiles <= 2)
        store.close()
        try expectRestored(1...150)
    }

    @Test("Batches that a sender repeats are known to a restored store")
    func keepsSenders() throws {
        let store = try open(source.path)
        append(1...60, to: store)
        _ = try run()
        store.close()
        _ = try StoreRestore.run(from: backup.path, into: target)
        let restored = try open(target)
        defer { restored.close() }
        append(1...60, to: restored)
        #expect(restored.ledger().duplicates.spans == 60)
        #expect(restored.ledger().stored.spans == 60)
    }

    @Test("Backups taken while records are stored hold what was stored before they began", .timeLimit(.minutes(2)))
    func underLoad() throws {
        let store = try open(source.path)
        let stored = Mutex<UInt64>(0)
        let stop = Mutex(false)
        let writer = try WorkerThread(name: "load") {
            var number: UInt64 = 0
            while !stop.withLock({ $0 }), number < 20_000 {
                number += 1
                let done = Latch()
                guard store.submit(Self.record(number), whenDurable: { _ in done.open() }) else { continue }
                done.wait()
                stored.withLock { $0 = number }
            }
        }
        var restores = 0
        while restores < 12 {
            let before = stored.withLock { $0 }
            guard before > UInt64(restores * 40) else { continue }
            _ = try run()
            let place = TemporaryDirectory()
            _ = try StoreRestore.run(from: backup.path, into: place.path + "/store")
            let restored = try open(place.path + "/store")
            let ledger = restored.ledger()
            #expect(ledger.stored.spans >= before)
            #expect(ledger.stored == ledger.held)
            #expect(ledger.damaged.spans == 0)
            var missing = 0
            for number in 1...before where try restored.trace(TraceID(high: 7, low: number)) == nil { missing += 1 }
            #expect(missing == 0)
            restored.close()
            restores += 1
        }
        stop.withLock { $0 = true }
        writer.join()
        store.close()
    }

    @Test("A backup that was interrupted leaves the one before as it was")
    func interrupted() throws {
        let store = try open(source.path)
        append(1...80, to: store)
        _ = try run()
        append(81...160, to: store)
        let storage = FaultyStorage()
        storage.set { $0.room = 60_000 }
        #expect(throws: BackupError.self) {
            try StoreBackup.run(from: source.path, into: backup.path, now: 6, storage: storage)
        }
        store.close()
        try expectRestored(1...80)
    }

    @Test("A changed byte, a missing file and a shorter one in the backup are told and nothing is restored")
    func damagedBackup() throws {
        let store = try open(source.path)
        append(1...60, to: store)
        store.waitUntilSealed()
        _ = try run()
        store.close()
        let log = try #require(backup.names().first { $0.hasSuffix(".log") })
        let changes: [(String, (inout [UInt8]) -> Void)] = [
            ("has another checksum than its manifest", { $0[$0.count / 2] ^= 1 }),
            ("has not the ", { $0.removeLast() }), ("has not the ", { $0.append(0) }),
        ]
        let whole = backup.bytes(log)
        for (words, change) in changes {
            backup.change(log, change)
            let error = #expect(throws: BackupError.self) { try StoreRestore.run(from: backup.path, into: target) }
            #expect(error?.description.contains(words) == true)
            #expect(!fileExists(target))
            backup.write(whole, to: log)
        }
        try expectRestored(1...60)
    }

    @Test("A damaged frame of the store is told and copied, and everything else with it")
    func damagedStore() throws {
        let store = try open(source.path)
        append(1...60, to: store)
        store.waitUntilSealed()
        store.close()
        let log = try #require(source.names().first { $0.hasSuffix(".log") })
        source.change(log) { $0[$0.count / 2] ^= 1 }
        var told: [String] = []
        let report = try run { told.append($0) }
        #expect(report.damaged == 1)
        #expect(told == ["1 stretches of \(log) are damaged; they are copied as they are"])
        _ = try StoreRestore.run(from: backup.path, into: target)
        #expect(TemporaryDirectoryPath(target).bytes(log) == source.bytes(log))
    }

    @Test("Only an empty place that nobody uses is restored into, and only a store is backed up")
    func refusals() throws {
        #expect(throws: BackupError.self) { try run() }
        let store = try open(source.path)
        append(1...3, to: store)
        _ = try run()
        let inUse = #expect(throws: BackupError.self) { try StoreRestore.run(from: backup.path, into: source.path) }
        #expect(inUse?.description.hasPrefix("'\(source.path)' is in use by process ") == true)
        store.close()
        let full = #expect(throws: BackupError.self) { try StoreRestore.run(from: backup.path, into: source.path) }
        #expect(full?.description == "'\(source.path)' is not empty: it holds '00000001.log'")
        let foreign = TemporaryDirectory()
        foreign.write([1], to: "holiday.jpg")
        let other = #expect(throws: BackupError.self) {
            try StoreBackup.run(from: source.path, into: foreign.path, now: 1)
        }
        #expect(other?.description == "'\(foreign.path)' is not empty: it holds 'holiday.jpg'")
        #expect(foreign.bytes("holiday.jpg") == [1])
        let nothing = #expect(throws: BackupError.self) { try StoreRestore.run(from: foreign.path, into: target) }
        #expect(nothing?.description == "there is no backup in '\(foreign.path)'")
    }

    @Test(
        "What belongs to tenants and the receipts of erasures go with the store, and what a tenant had that is gone does not"
    )
    func partsOfStore() throws {
        let store = try open(source.path)
        append(1...3, to: store)
        for (tenant, numbers) in [("blue", 4...6), ("green", 7...9)] as [(String, ClosedRange<UInt64>)] {
            let directory = source.path + "/tenants/" + tenant
            try makeDirectories(directory)
            let own = try open(directory)
            append(numbers, to: own)
            own.close()
        }
        try makeDirectories(source.path + "/receipts")
        source.write([1, 2, 3], to: "receipts/one.json")
        _ = try run()
        try StoreParts.remove(source.path + "/tenants/green", LocalStorage())
        let second = try run()
        #expect(second.damaged == 0)
        store.close()
        try expectRestored(1...3)
        let restored = TemporaryDirectoryPath(target)
        #expect(restored.bytes("receipts/one.json") == [1, 2, 3])
        #expect(try listDirectory(target + "/tenants") == ["blue"])
        let blue = try open(target + "/tenants/blue")
        defer { blue.close() }
        #expect(try blue.trace(TraceID(high: 7, low: 5)) != nil)
        #expect(blue.ledger().held.spans == 3)
    }

    @Test("A damaged file of a tenant is told and nothing is restored")
    func damagedPart() throws {
        let store = try open(source.path)
        append(1...3, to: store)
        store.close()
        try makeDirectories(source.path + "/receipts")
        source.write([1, 2, 3], to: "receipts/one.json")
        _ = try run()
        backup.write([1, 2, 4], to: "receipts/one.json.b1")
        #expect(throws: BackupError.self) { try StoreRestore.run(from: backup.path, into: target) }
        #expect(!fileExists(target))
    }

    @Test("A manifest whose names lead out of its directory is refused")
    func namesLeadNowhere() throws {
        for name in ["../x", "/etc/passwd", ".hidden", ""] {
            let manifest = BackupManifest(
                number: 1, taken: 1,
                entries: [
                    .init(name: name, stored: "a", bytes: 0, crc: 0, isFinal: true, modified: 0, sourceBytes: 0)
                ])
            backup.write(manifest.json(), to: BackupManifest.name)
            #expect(throws: BackupError.self) { try StoreRestore.run(from: backup.path, into: target) }
        }
    }
}

/// Reads files of a directory that is not the test's own.
private struct TemporaryDirectoryPath {
    let path: String
    init(_ path: String) { self.path = path }

    func bytes(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        guard let file = try? ReadFile(path + "/" + name), let size = try? file.size() else { return [] }
        try? file.read(size, at: 0, into: &bytes)
        return bytes
    }
}
