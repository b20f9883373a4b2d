import Files
import SelfTelemetry
import StorageTesting
import Synchronization
import Testing

@testable import Receiving
@testable import Sidecar

private final class Told: Sendable {
    let lines = Mutex<[String]>([])
}

@Suite struct ProducerMemoryTests {
    private func table(_ sequences: [UInt64]) -> ProducerTable {
        var table = ProducerTable()
        for sequence in sequences { _ = table.note(producer: 9, sequence: sequence) }
        return table
    }

    @Test("What was saved is loaded again; of file and spool the one counts that is further")
    func saves() {
        let directory = TemporaryDirectory()
        let memory = ProducerMemory(path: directory.path + "/producers")
        #expect(memory.load(notes: [], log: .silent).count == 0)
        memory.save(table([1, 3]))
        #expect(memory.load(notes: [], log: .silent).totals.missing == 1)
        #expect(directory.names() == ["producers"])
        let further = ProducerNotes.encode(table([1, 3, 9]).all)
        let nearer = ProducerNotes.encode(table([1]).all)
        #expect(memory.load(notes: [nearer, further], log: .silent).totals.missing == 6)
        memory.save(table([1, 3, 20]))
        #expect(memory.load(notes: [further, nearer], log: .silent).totals.missing == 17)
        #expect(ProducerMemory(path: nil).load(notes: [further], log: .silent).totals.missing == 6)
    }

    @Test("A flipped bit at any byte, or a file cut off anywhere, is harmless or costs the file and nothing else")
    func damaged() {
        let directory = TemporaryDirectory()
        let memory = ProducerMemory(path: directory.path + "/producers")
        memory.save(table([1, 3]))
        let bytes = directory.bytes("producers")
        let note = ProducerNotes.encode(table([1]).all)
        for offset in bytes.indices {
            directory.change("producers") {
                $0 = bytes; $0[offset] ^= 1 << UInt8(offset % 8)
            }
            let missing = memory.load(notes: [note], log: .silent).totals.missing
            #expect(missing == 0 || missing == 1 && (12..<16).contains(offset), "byte \(offset)")
            directory.write(Array(bytes.prefix(offset)), to: "producers")
            let told = Told()
            let log = Log(
                level: .error,
                sink: { line in told.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } })
            #expect(memory.load(notes: [note], log: log).totals.missing == 0, "length \(offset)")
            #expect(told.lines.withLock { $0.count == 1 && $0[0].contains("producers_damaged") }, "length \(offset)")
        }
    }
}
