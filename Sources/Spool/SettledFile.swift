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

    /// The newer of the slots that are whole; nil when none is.
    func read() throws(StorageFailure) -> (state: SettledState, generation: UInt64, sender: SenderID)? {
        var bytes: [UInt8] = []
        try file.read(2 * SettledState.slotLength, at: 0, into: &bytes)
        let slots = [0, SettledState.slotLength].compactMap { SettledState.read(bytes, at: $0) }
        return slots.max { $0.generation < $1.generation }
    }

    func write(_ state: SettledState, generation: UInt64, sender: SenderID) throws(StorageFailure) {
        let offset = generation & 1 == 0 ? 0 : SettledState.slotLength
        try file.write(state.slot(generation: generation, sender: sender), at: offset)
    }

    func synchronize() throws(StorageFailure) { try file.synchronize() }
}
