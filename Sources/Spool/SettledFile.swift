import Files

/// Keeps a lane's `SettledState` in two slots that are written in turn: whenever the process dies, one of them is whole, at
/// most one batch old. Used by the loop that forwards.
final class SettledFile: Sendable {
    private let file: any StorageFile

    static func path(in directory: String) -> String { directory + "/settled" }

    /// Opens the lane's file, or makes it.
    init(directory: String, storage: any Storage) throws(StorageFailure) {
        let path = Self.path(in: directory)
        if let existing = try? storage.openForWriting(path) {
            file = existing
        } else {
            file = try storage.create(path)
        }
    }

    deinit { file.close() }

    struct Content {
        /// The newer of the slots that are whole; nil when none is.
        var newest: (state: SettledState, generation: UInt64, sender: SenderID)?
        /// A slot that was written is not what was written: `newest` may be older than what became of the batches.
        var isDamaged: Bool
    }

    func read() throws(StorageFailure) -> Content {
        var bytes: [UInt8] = []
        try file.read(2 * SettledState.slotLength, at: 0, into: &bytes)
        let slots = [0, SettledState.slotLength].compactMap { SettledState.read(bytes, at: $0) }
        let newest = slots.max { $0.generation < $1.generation }
        // The first to be written is the second slot, as its generation is 1.
        let expected = bytes.allSatisfy { $0 == 0 } ? 0 : newest?.generation == 1 && isBlank(bytes) ? 1 : 2
        return Content(newest: newest, isDamaged: slots.count < expected)
    }

    /// Whether the first slot was never written.
    private func isBlank(_ bytes: [UInt8]) -> Bool { bytes.prefix(SettledState.slotLength).allSatisfy { $0 == 0 } }

    func write(_ state: SettledState, generation: UInt64, sender: SenderID) throws(StorageFailure) {
        let offset = generation & 1 == 0 ? 0 : SettledState.slotLength
        try file.write(state.slot(generation: generation, sender: sender), at: offset)
    }

    func synchronize() throws(StorageFailure) { try file.synchronize() }
}
