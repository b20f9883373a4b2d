package import Files
import OTLPDelivery

/// Keeps batches that a collector refused for good, for a person to look at: the packed message and why. Bounded.
package struct RefusedBatches: Sendable {
    private let directory: String?
    private let maxBytes: Int
    private let storage: any Storage

    package init(directory: String?, maxBytes: Int, storage: any Storage = LocalStorage()) {
        self.directory = directory
        self.maxBytes = maxBytes
        self.storage = storage
    }

    /// Returns the file's path, or nil where there is no room for it or it cannot be written.
    func keep(_ parcel: CollectorDialect.Parcel, reason: String) -> String? {
        guard let directory else { return nil }
        let ending = [BatchEncoding.zstd: ".zst", .gzip: ".gz"][parcel.encoding] ?? ""
        let stem = "\(directory)/\(parcel.sender)-\(parcel.sequence)-\(parcel.kind)"
        do {
            try makeDirectories(directory)
            let path = stem + ".otlp" + ending
            // Kept before a crash, and refused again.
            if fileExists(path), fileExists(stem + ".reason") { return path }
            guard try bytesOfFiles(in: directory) + parcel.message.count <= maxBytes else { return nil }
            try write(parcel.body.span.extracting(parcel.message), to: path)
            try write(Array((reason + "\n").utf8).span, to: stem + ".reason")
            return path
        } catch { return nil }
    }

    /// Whole, or not at all.
    private func write(_ bytes: Span<UInt8>, to path: String) throws(StorageFailure) {
        try storage.remove(path)
        let file = try storage.create(path)
        defer { file.close() }
        do throws(StorageFailure) { try file.write(bytes, at: 0) } catch {
            try? storage.remove(path)
            throw error
        }
    }
}
