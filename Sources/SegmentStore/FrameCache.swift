import Synchronization

/// The content of frames that searches read lately: most ask for what is newest, one after the other. Bounded; what nobody asks
/// for between two sweeps is given back. Any thread.
final class FrameCache: Sendable {
    struct Place: Hashable {
        /// Of the segment's log: another one for each that was ever written.
        var salt: UInt64
        var frame: Int
    }
    fileprivate struct Entry {
        var raw: [UInt8]
        var lastUse: UInt64
        var sweep: UInt64
    }
    fileprivate struct Book {
        var entries: [Place: Entry] = [:]
        var bytes = 0
        var uses: UInt64 = 0
        var sweeps: UInt64 = 0
    }
    private let book = Mutex(Book())
    private let maxBytes: Int
    /// All are looked through for the oldest.
    private static let maxFrames = 1024

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    func find(_ place: Place) -> [UInt8]? {
        book.withLock { book in
            guard let index = book.entries.index(forKey: place) else { return nil }
            book.uses &+= 1
            book.entries.values[index].lastUse = book.uses
            book.entries.values[index].sweep = book.sweeps
            return book.entries.values[index].raw
        }
    }

    func keep(_ raw: [UInt8], at place: Place) {
        guard raw.count <= maxBytes / 16 else { return }
        book.withLock { book in
            book.uses &+= 1
            book.take(place)
            book.entries[place] = Entry(raw: raw, lastUse: book.uses, sweep: book.sweeps)
            book.bytes += raw.count
            while book.bytes > maxBytes || book.entries.count > Self.maxFrames,
                let oldest = book.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                book.take(oldest.key)
            }
        }
    }

    /// Of a log that is no longer there.
    func forget(salt: UInt64) {
        book.withLock { book in for place in book.entries.keys where place.salt == salt { book.take(place) } }
    }

    /// Gives back what was not used since the sweep before.
    func sweep() {
        book.withLock { book in
            for (place, entry) in book.entries where entry.sweep < book.sweeps { book.take(place) }
            book.sweeps &+= 1
        }
    }

    var bytes: Int { book.withLock { $0.bytes } }
}

extension FrameCache.Book {
    fileprivate mutating func take(_ place: FrameCache.Place) {
        if let entry = entries.removeValue(forKey: place) { bytes -= entry.raw.count }
    }
}
