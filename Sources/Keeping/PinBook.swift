package import Files
import Glibc
import JSON
import Synchronization
package import TraceModel

/// Traces that somebody wants kept, in the file `pins` of a store's directory: a line of JSON each, replaced whole. Any thread
/// may call it; the lock is held while the file is written.
package final class PinBook: Sendable {
    package struct Pin: Sendable, Equatable {
        package var trace: TraceID
        /// Unix seconds.
        package var until: UInt64
        package var note: String
        package var by: String

        package init(trace: TraceID, until: UInt64, note: String, by: String) {
            self.trace = trace
            self.until = until
            self.note = note
            self.by = by
        }
    }

    package static let maximumPins = 10_000
    private static let longestNote = 1_000
    private let path: String
    private let book: Mutex<Book>

    private struct Book: Sendable {
        var pins: [TraceID: Pin] = [:]
        /// Taken away since the program started.
        var removed: UInt64 = 0
    }

    /// Reads the pins of a store's directory. Lines that are none are left out, and told.
    package init(directory: String, onProblem: (String) -> Void = { _ in }) {
        path = directory + "/pins"
        var pins: [TraceID: Pin] = [:]
        do throws(StorageFailure) {
            let file = try ReadFile(path)
            var bytes: [UInt8] = []
            try file.read(min(try file.size(), 32 << 20), at: 0, into: &bytes)
            for line in bytes.split(separator: 0x0A) {
                guard let pin = Pin(Array(line)) else {
                    onProblem("a line of '\(path)' is no pin and is left out")
                    continue
                }
                pins[pin.trace] = pin
            }
        } catch {
            if error.code != ENOENT { onProblem("pins cannot be read, so nothing is pinned: \(error)") }
        }
        book = Mutex(Book(pins: pins))
    }

    /// False when there are too many.
    package func add(_ pin: Pin) throws(StorageFailure) -> Bool {
        var pin = pin
        pin.note = String(pin.note.prefix(Self.longestNote))
        return try change { book in
            guard book.pins[pin.trace] != nil || book.pins.count < Self.maximumPins else { return false }
            book.pins[pin.trace] = pin
            return true
        }
    }

    /// False when there is none.
    package func remove(_ trace: TraceID) throws(StorageFailure) -> Bool {
        try change { book in
            guard book.pins.removeValue(forKey: trace) != nil else { return false }
            book.removed += 1
            return true
        }
    }

    /// In the order in which they end.
    package var pins: [Pin] {
        book.withLock { Array($0.pins.values) }.sorted {
            ($0.until, $0.trace.high, $0.trace.low) < ($1.until, $1.trace.high, $1.trace.low)
        }
    }

    /// The traces that are held at that moment, and how many pins had ended or been taken away.
    package func held(at wall: UInt64) -> (traces: Set<TraceID>, ended: UInt64) {
        book.withLock { book in
            let seconds = wall / 1_000_000_000
            let held = book.pins.values.filter { $0.until > seconds }
            return (Set(held.map(\.trace)), book.removed + UInt64(book.pins.count - held.count))
        }
    }

    /// What cannot be written is not changed.
    private func change(_ body: (inout Book) -> Bool) throws(StorageFailure) -> Bool {
        try book.withLock { book throws(StorageFailure) in
            var changed = book
            guard body(&changed) else { return false }
            var bytes: [UInt8] = []
            for pin in changed.pins.values.sorted(by: { $0.until < $1.until }) { bytes += pin.json + [0x0A] }
            try write(bytes)
            book = changed
            return true
        }
    }

    private func write(_ bytes: [UInt8]) throws(StorageFailure) {
        let storage = LocalStorage()
        let temporary = path + ".new"
        try storage.remove(temporary)
        let file = try storage.create(temporary)
        defer { file.close() }
        guard chmod(temporary, 0o600) == 0 else { throw StorageFailure("chmod of", temporary, code: errno) }
        if !bytes.isEmpty { try file.write(bytes, at: 0) }
        try file.synchronize()
        try storage.rename(temporary, to: path)
        try storage.synchronizeDirectory(String(path.dropLast("/pins".utf8.count)))
    }
}

extension PinBook.Pin {
    init?(_ line: [UInt8]) {
        guard let json = try? JSONParser.parse(line), let trace = json["trace"]?.string.flatMap({ TraceID(hex: $0) }),
            let until = json["until"]?.uint64
        else { return nil }
        self.init(trace: trace, until: until, note: json["note"]?.string ?? "", by: json["by"]?.string ?? "")
    }

    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("trace", "\(trace)")
            writer.member("until", until)
            writer.member("note", note)
            writer.member("by", by)
        }
        return writer.bytes
    }
}
