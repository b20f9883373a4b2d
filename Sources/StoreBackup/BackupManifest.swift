import Files
import JSON

/// What a backup consists of. Replaced whole and last, so a backup that was interrupted is still the one before.
struct BackupManifest: Equatable {
    static let name = "manifest.json"
    static let format = 1

    struct Entry: Equatable {
        /// In the store.
        var name: String
        /// In the backup: the name, with the backup's number behind it where the content may still change.
        var stored: String
        var bytes: Int
        var crc: UInt32
        /// It will not change in the store any more.
        var isFinal: Bool
        /// Of the file in the store, in nanoseconds: another time or size is another file.
        var modified: Int
        var sourceBytes: Int
    }

    /// Counts the backups into this directory.
    var number: Int
    /// Unix nanoseconds.
    var taken: UInt64
    var entries: [Entry]

    subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    func json() -> [UInt8] {
        var writer = JSONWriter(pretty: true)
        writer.object { writer in
            writer.member("format", Self.format)
            writer.member("number", number)
            writer.member("taken", text: taken)
            writer.key("files")
            writer.array { writer in
                for entry in entries {
                    writer.object { writer in
                        writer.member("name", entry.name)
                        writer.member("stored", entry.stored)
                        writer.member("bytes", entry.bytes)
                        writer.member("crc32c", Int(entry.crc))
                        writer.member("final", entry.isFinal)
                        writer.member("modified", entry.modified)
                        writer.member("sourceBytes", entry.sourceBytes)
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }

    private static let mostBytes = 64 << 20

    /// Nil where there is none.
    static func read(_ directory: String) throws(BackupError) -> BackupManifest? {
        let path = directory + "/" + name
        guard fileExists(path) else { return nil }
        var bytes: [UInt8] = []
        do throws(StorageFailure) {
            let file = try ReadFile(path)
            let size = try file.size()
            guard size <= mostBytes else { throw StorageFailure("reading", path, code: 27) }
            try file.read(size, at: 0, into: &bytes)
        } catch {
            throw .storage(error)
        }
        do {
            return try BackupManifest(try JSONParser.parse(bytes), path)
        } catch let error as BackupError {
            throw error
        } catch {
            throw .malformedManifest(path: path, reason: "\(error)")
        }
    }

    private init(_ json: JSONValue, _ path: String) throws(BackupError) {
        func fail(_ reason: String) -> BackupError { .malformedManifest(path: path, reason: reason) }
        guard json["format"]?.int == Self.format else { throw fail("it is of another format than \(Self.format)") }
        guard let number = json["number"]?.int, let taken = json["taken"]?.uint64, let files = json["files"]?.array
        else { throw fail("number, time or files are missing") }
        var entries: [Entry] = []
        for file in files {
            guard let name = file["name"]?.string, let stored = file["stored"]?.string, let bytes = file["bytes"]?.int,
                let crc = file["crc32c"]?.integer(as: UInt32.self), let isFinal = file["final"]?.bool,
                let modified = file["modified"]?.int, let sourceBytes = file["sourceBytes"]?.int, bytes >= 0
            else { throw fail("file \(entries.count + 1) of its list is malformed") }
            // Names lead nowhere else.
            guard [name, stored].allSatisfy({ !$0.isEmpty && !$0.contains("/") && !$0.hasPrefix(".") }) else {
                throw fail("file \(entries.count + 1) of its list has a name that leads elsewhere")
            }
            entries.append(
                Entry(
                    name: name, stored: stored, bytes: bytes, crc: crc, isFinal: isFinal, modified: modified,
                    sourceBytes: sourceBytes))
        }
        self.init(number: number, taken: taken, entries: entries)
    }

    init(number: Int, taken: UInt64, entries: [Entry]) {
        self.number = number
        self.taken = taken
        self.entries = entries
    }
}
