import OpsCommands
import SegmentStore
import StorageTesting
import Testing
import TraceModel
import WireFormat

@Suite("hms-ops store on the files of a store")
struct StoreCommandTests {
    private static let plain = TextStyle(isColoured: false)

    /// Two sealed segments of a frame each, and one that is open.
    private func makeStore() throws -> TemporaryDirectory {
        let directory = TemporaryDirectory()
        var options = StoreOptions()
        options.sync = false
        options.segmentBytes = 100
        let store = try SegmentStore.open(directory: directory.path, options: options)
        for trace in UInt64(1)...2 { try append(trace, to: store) }
        store.waitUntilSealed()
        store.close()
        options.segmentBytes = 1 << 20
        let again = try SegmentStore.open(directory: directory.path, options: options)
        try append(3, to: again)
        again.close()
        return directory
    }

    private func append(_ number: UInt64, to store: SegmentStore) throws {
        var writer = ProtobufWriter()
        writer.message(1) {
            $0.message(2) {
                $0.message(2) { span in
                    span.bytes(1, TraceID(high: 0xABCD, low: number).bytes)
                    span.bytes(2, TraceID(high: 0, low: number).bytes.suffix(8))
                    span.string(5, "span \(number)")
                }
            }
        }
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(writer.bytes.span, as: .traces)
        let record = IngestRecord(
            kind: .traces, receivedAt: 1_700_000_000_000_000_000 + number, body: writer.bytes, runs: scanner.runs,
            items: scanner.items)
        let isTaken = store.submit(record) { result in
            if (try? result.get()) != .stored { Issue.record("span \(number) is not stored: \(result)") }
        }
        #expect(isTaken)
        store.waitUntilSealed()
    }

    private func report(_ directory: TemporaryDirectory) throws -> StoreCheckReport {
        StoreCheckReport(directory: "/s", try StoreInspection(directory: directory.path).check())
    }

    @Test("A directory without a store is refused")
    func noStore() throws {
        let directory = TemporaryDirectory()
        directory.write([1], to: "holiday.jpg")
        #expect(try !StoreInspection(directory: directory.path).isStore())
        #expect(OpsProgram.run(["store", "check", directory.path]) == .failure)
        let store = try makeStore()
        #expect(try StoreInspection(directory: store.path).isStore())
    }

    @Test("A whole store is reported segment by segment, and the exit code is 0")
    func whole() throws {
        let directory = try makeStore()
        let report = try report(directory)
        let text = report.text(style: Self.plain)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == "store /s")
        #expect(lines.last == "Everything is whole.")
        #expect(lines.count == 6)
        #expect(
            lines[2].contains("1        sealed  2023-11-14 22:13:20.000 UTC  2023-11-14 22:13:20.000 UTC"), "\(text)")
        #expect(lines[4].contains("3        open "), "\(text)")
        #expect(OpsProgram.run(["store", "check", directory.path]) == .success)
        #expect(OpsProgram.run(["store", "dump", directory.path]) == .success)
        #expect(OpsProgram.run(["store", "dump", "--ledger", directory.path]) == .success)
        #expect(OpsProgram.run(["store", "dump", directory.path, "--segment", "2", "--frame", "0"]) == .success)
        #expect(OpsProgram.run(["store", "dump", directory.path, "--segment", "2", "--frame", "1"]) == .negative)
        #expect(OpsProgram.run(["store", "dump", directory.path, "--segment", "9"]) == .negative)
        #expect(OpsProgram.run(["store", "repair", directory.path]) == .success)
    }

    @Test("A damaged frame is named with its file and bytes, by check and as JSON; the exit code is 1")
    func damaged() throws {
        let directory = try makeStore()
        directory.change("00000002.log") { $0[40] ^= 1 }
        let length = directory.bytes("00000002.log").count - 32
        let report = try report(directory)
        #expect(report.exitCode == .negative)
        let text = report.text(style: Self.plain)
        #expect(text.contains("  00000002.log: byte 32, \(length) bytes: a damaged frame\n1 damaged place."), "\(text)")
        #expect(report.json().contains("\"offset\": 32"), "\(report.json())")
        #expect(OpsProgram.run(["store", "check", directory.path]) == .negative)
        #expect(OpsProgram.run(["store", "dump", directory.path]) == .negative)
    }

    @Test("Repair sets the damaged bytes aside, makes index and ledger anew, and leaves a store that is whole")
    func repairs() throws {
        let directory = try makeStore()
        directory.change("00000001.idx") { $0[50] ^= 1 }
        directory.change("00000003.log") { $0[17] ^= 1 }
        directory.change("00000002.log") { $0[40] ^= 1 }
        directory.change("ledger") { $0[30] ^= 1 }
        let before = directory.names().map { directory.bytes($0) }
        let damages = try report(directory).check.damages
        #expect(damages.map(\.file) == ["00000001.idx", "00000002.log", "00000003.log", "ledger"])
        let damagedFrame = Array(directory.bytes("00000002.log")[32...])
        #expect(OpsProgram.run(["store", "repair", "--dry-run", directory.path]) == .success)
        #expect(directory.names().map { directory.bytes($0) } == before)
        #expect(OpsProgram.run(["store", "repair", directory.path]) == .success)
        #expect(directory.bytes("quarantine/2-32.damaged") == damagedFrame)
        let after = try report(directory).check
        #expect(after.damages == [])
        #expect(after.segments.map(\.held.spans).reduce(0, +) == 2)
    }

    @Test("Beside a running collector the check works and says so, and the repair is refused")
    func inUse() throws {
        let directory = try makeStore()
        let store = try SegmentStore.open(directory: directory.path)
        defer { store.close() }
        let report = try report(directory)
        #expect(report.text(style: Self.plain).hasPrefix("store /s, in use by process "))
        #expect(report.exitCode == .success)
        #expect(OpsProgram.run(["store", "repair", directory.path]) == .failure)
    }

    @Test("A directory that is not there is an error, a wrong word wrong usage")
    func errors() throws {
        #expect(OpsProgram.run(["store", "check", "/nowhere/at/all"]) == .failure)
        #expect(OpsProgram.run(["store", "mend", "/tmp"]) == .usage)
        let directory = try makeStore()
        #expect(OpsProgram.run(["store", "dump", directory.path, "--frame", "1"]) == .usage)
    }
}
