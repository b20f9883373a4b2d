package import Files
package import JSON

/// How far an export has come: what of the partial file is good, and where to go on. Kept beside the file, replaced whole.
package struct ExportProgress: Sendable, Equatable {
    /// What was asked for; with another question the export begins anew.
    package var question: String
    /// Asks for the page after the last one written; nil before the first.
    package var cursor: String?
    package var bytes = 0
    package var traces = 0
    package var spans = 0
    /// Traces that were found and then gone.
    package var gone = 0
    /// Traces of which the collector gave a part.
    package var truncated = 0
    /// Pages of a search that gave up early.
    package var incomplete = 0

    package init(question: String) { self.question = question }

    package init?(_ json: JSONValue) {
        guard let question = json["question"]?.string, let bytes = json["bytes"]?.int, bytes >= 0,
            let traces = json["traces"]?.int, let spans = json["spans"]?.int, let gone = json["gone"]?.int,
            let truncated = json["truncated"]?.int, let incomplete = json["incomplete"]?.int
        else { return nil }
        self.question = question
        cursor = json["cursor"]?.string
        (self.bytes, self.traces, self.spans) = (bytes, traces, spans)
        (self.gone, self.truncated, self.incomplete) = (gone, truncated, incomplete)
    }

    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("question", question)
            if let cursor { writer.member("cursor", cursor) }
            writer.member("bytes", bytes)
            writer.member("traces", traces)
            writer.member("spans", spans)
            writer.member("gone", gone)
            writer.member("truncated", truncated)
            writer.member("incomplete", incomplete)
        }
        return writer.bytes
    }

    /// What is left of an earlier run that asked the same; a file that cannot be read is none.
    package static func load(_ path: String, question: String) -> ExportProgress? {
        guard let file = try? ReadFile(path), let size = try? file.size(), size <= 1 << 20 else { return nil }
        var bytes: [UInt8] = []
        guard (try? file.read(size, at: 0, into: &bytes)) != nil, let json = try? JSONParser.parse(bytes),
            let progress = ExportProgress(json), progress.question == question
        else { return nil }
        return progress
    }

    package func save(_ path: String) throws(StorageFailure) {
        let storage = LocalStorage()
        try? storage.remove(path + ".new")
        let file = try storage.create(path + ".new")
        defer { file.close() }
        try file.write(json, at: 0)
        try file.synchronize()
        try storage.rename(path + ".new", to: path)
    }
}
