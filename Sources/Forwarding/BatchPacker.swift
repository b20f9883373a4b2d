import Compression
import OTLPDelivery
package import Spool

/// Reads batches back from the spool and packs them for the way. Keeps its tables and its room between them, for all
/// collectors. Lives on the loop that forwards.
package final class BatchPacker {
    /// A batch over this length is one large message, as `forward.batch_bytes` is less. It is packed piece by piece, by who has
    /// a place for large ones.
    static let largeBytes = 3 << 20

    /// What was read last.
    private(set) var message: [UInt8] = []
    let placeForLarge = PlaceForLarge()
    let placeInTrouble = PlaceForLarge()
    private let reader: BatchReader
    private let level: Int
    private var zstd: ZstdCompressor
    private var scratch: [UInt8] = []

    package init(_ spool: Spool, level: Int) {
        reader = BatchReader(spool)
        self.level = level
        zstd = ZstdCompressor(level: level)
    }

    struct Packed {
        let content: BatchReader.Content
        /// Of the message before it was packed; 0 if nothing was left of it.
        let rawBytes: Int
        let body: [UInt8]
    }

    /// The batch as the body of a request.
    func pack(_ batch: SpooledBatch, _ encoding: BatchEncoding, _ dialect: CollectorDialect) throws -> Packed {
        var body = [UInt8](repeating: 0, count: dialect.prefixLength)
        if batch.length > Self.largeBytes, let single = try reader.single(batch) {
            try pack(single, encoding, into: &body)
            dialect.completePrefix(of: &body, encoding)
            return Packed(content: single.content, rawBytes: single.length, body: body)
        }
        let content = try read(batch)
        defer { forgetLarge() }
        if !message.isEmpty {
            try packMessage(encoding, into: &body)
            dialect.completePrefix(of: &body, encoding)
        }
        return Packed(content: content, rawBytes: message.count, body: body)
    }

    /// Reads what is left of a batch into `message`.
    func read(_ batch: SpooledBatch) throws(SpoolError) -> BatchReader.Content {
        forgetLarge()
        return try reader.read(batch, into: &message)
    }

    /// Gives back what a large batch took.
    func forgetLarge() {
        if message.capacity > Self.largeBytes { message = [] }
        if scratch.capacity > Self.largeBytes { scratch = [] }
    }

    private func packMessage(_ encoding: BatchEncoding, into body: inout [UInt8]) throws(CompressionError) {
        // Borrowed for as long as it is packed: nobody changes it meanwhile.
        let message = message
        scratch.removeAll(keepingCapacity: true)
        switch encoding {
        case .none:
            body += message
            return
        case .zstd: try zstd.compress(message.span, into: &scratch)
        case .gzip:
            // Made anew: it is for foreign backends, and costs little beside what it does.
            var gzip = try GzipCompressor(level: 1)
            try gzip.compress(message.span, into: &scratch)
        }
        body += scratch
    }

    /// Neither the message nor a second copy of the body is ever in memory.
    private func pack(_ single: SingleMessage, _ encoding: BatchEncoding, into body: inout [UInt8]) throws {
        var pieces = single.pieces
        var piece: [UInt8] = []
        switch encoding {
        case .none:
            body.reserveCapacity(body.count + single.length)
            while try pieces.next(into: &piece) { body += piece }
        case .zstd:
            // Compressors of their own, as what they need for pieces is not to be kept.
            var zstd = ZstdCompressor(level: level)
            zstd.begin(length: single.length, into: &body)
            while try pieces.next(into: &piece) { try zstd.add(piece.span, isLast: pieces.isAtEnd, into: &body) }
        case .gzip:
            var gzip = try GzipCompressor(level: 1)
            gzip.begin(length: single.length, into: &body)
            while try pieces.next(into: &piece) { try gzip.add(piece.span, isLast: pieces.isAtEnd, into: &body) }
        }
    }
}
