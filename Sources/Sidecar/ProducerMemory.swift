import Files
import Receiving
import SelfTelemetry

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
    func load(notes: [[UInt8]], log: Log) -> ProducerTable {
        var table = ProducerTable()
        switch read() {
        case .nothing: break
        case .damaged(let reason):
            log.error(
                "producers_damaged", "what was known of datagrams' producers is lost; gaps from before are not counted",
                ["file": path ?? "", "reason": reason])
        case .content(let bytes):
            var forgotten = ProducerTable.Totals()
            forgotten.missing = bytes.loadLittle(at: 16, as: UInt64.self)
            forgotten.late = bytes.loadLittle(at: 24, as: UInt64.self)
            forgotten.duplicates = bytes.loadLittle(at: 32, as: UInt64.self)
            table.restore(ProducerNotes.decode(Array(bytes[Self.headerLength...])), forgotten: forgotten)
        }
        for note in notes { table.restore(ProducerNotes.decode(note)) }
        return table
    }

    private enum Found {
        case nothing
        case damaged(reason: String)
        case content([UInt8])
    }

    private func read() -> Found {
        guard let path, fileExists(path) else { return .nothing }
        var bytes: [UInt8] = []
        do throws(StorageFailure) {
            let file = try ReadFile(path)
            try file.read(min(try file.size(), 1 << 20), at: 0, into: &bytes)
        } catch {
            return .damaged(reason: "\(error)")
        }
        guard bytes.count >= Self.headerLength, bytes.starts(with: Self.magic),
            bytes.withUnsafeBytes({ checksum(UnsafeRawBufferPointer(rebasing: $0[16...])) })
                == bytes.loadLittle(at: 8, as: UInt32.self)
        else { return .damaged(reason: "its checksum does not fit") }
        return .content(bytes)
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
