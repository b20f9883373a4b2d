import Files
import Receiving

/// Keeps what is known of datagrams' producers over restarts, so that what was lost while the sidecar was away is counted and
/// nothing else. The newest of it stands beside the datagrams themselves, in the spool; this file holds the rest.
///
///     0 magic "HMSPRODU"   8 check:u32 (CRC-32C of 16...)   12 zero:u32   16 forgotten: missing, late, duplicates: u64 each
///     40 a note of 48 bytes for each producer
struct ProducerMemory: Sendable {
    /// Nil where nothing outlives the process.
    let path: String?
    private static let magic = Array("HMSPRODU".utf8)
    private static let headerLength = 40

    /// - Parameter notes: what was found in the spool, in the order in which it was written.
    func load(notes: [[UInt8]]) -> ProducerTable {
        var table = ProducerTable()
        if let bytes = read() {
            var forgotten = ProducerTable.Totals()
            forgotten.missing = bytes.loadLittle(at: 16, as: UInt64.self)
            forgotten.late = bytes.loadLittle(at: 24, as: UInt64.self)
            forgotten.duplicates = bytes.loadLittle(at: 32, as: UInt64.self)
            table.restore(ProducerNotes.decode(Array(bytes[Self.headerLength...])), forgotten: forgotten)
        }
        for note in notes { table.restore(ProducerNotes.decode(note)) }
        return table
    }

    private func read() -> [UInt8]? {
        guard let path, let file = try? ReadFile(path), let size = try? file.size() else { return nil }
        var bytes: [UInt8] = []
        guard (try? file.read(min(size, 1 << 20), at: 0, into: &bytes)) != nil, bytes.count >= Self.headerLength,
            bytes.starts(with: Self.magic),
            bytes.withUnsafeBytes({ checksum(UnsafeRawBufferPointer(rebasing: $0[16...])) })
                == bytes.loadLittle(at: 8, as: UInt32.self)
        else { return nil }
        return bytes
    }

    func save(_ table: ProducerTable) {
        guard let path else { return }
        var bytes = Self.magic
        bytes.appendLittle(UInt64(0))
        for value in [table.forgotten.missing, table.forgotten.late, table.forgotten.duplicates] {
            bytes.appendLittle(value)
        }
        bytes += ProducerNotes.encode(table.all)
        let check = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[16...])) }
        bytes.storeLittle(check, at: 8)
        let storage = LocalStorage()
        let fresh = path + ".new"
        // Losing it costs what the spool's own notes do not hold; the next second tries again.
        try? storage.remove(fresh)
        guard let file = try? storage.create(fresh) else { return }
        defer { file.close() }
        guard (try? file.write(bytes, at: 0)) != nil else { return }
        try? storage.rename(fresh, to: path)
    }
}
