import Files
import StorageTesting
import Testing

@testable import Receiving
@testable import Sidecar

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
        #expect(memory.load(notes: []).count == 0)
        memory.save(table([1, 3]))
        #expect(memory.load(notes: []).totals.missing == 1)
        #expect(directory.names() == ["producers"])
        let further = ProducerNotes.encode(table([1, 3, 9]).all)
        let nearer = ProducerNotes.encode(table([1]).all)
        #expect(memory.load(notes: [nearer, further]).totals.missing == 6)
        memory.save(table([1, 3, 20]))
        #expect(memory.load(notes: [further, nearer]).totals.missing == 17)
        #expect(ProducerMemory(path: nil).load(notes: [further]).totals.missing == 6)
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
            let missing = memory.load(notes: [note]).totals.missing
            #expect(missing == 0 || missing == 1 && (12..<16).contains(offset), "byte \(offset)")
            directory.write(Array(bytes.prefix(offset)), to: "producers")
            #expect(memory.load(notes: [note]).totals.missing == 0, "length \(offset)")
        }
    }
}
