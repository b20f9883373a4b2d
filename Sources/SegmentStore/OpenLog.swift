import Files

/// The log that is being appended to. Belongs to the writer thread.
struct OpenLog {
    let segment: Segment
    let file: any StorageFile
    /// Where the next commit goes: the end of the last durable one.
    var end: Int
    var nextOrdinal: UInt32
    /// Monotonic nanoseconds.
    let begun: UInt64
    private var reserved: Int

    init(segment: Segment, file: any StorageFile, end: Int, nextOrdinal: UInt32, begun: UInt64) {
        self.segment = segment
        self.file = file
        self.end = end
        self.nextOrdinal = nextOrdinal
        self.begun = begun
        reserved = end
    }

    /// Asks for blocks in steps, so that a commit's fdatasync seldom has to find room as well.
    mutating func reserve(through end: Int, step: Int) {
        guard end > reserved else { return }
        let length = max(step, end - reserved)
        file.reserve(from: reserved, length: length)
        reserved += length
    }
}
