import Compression

/// Packs batches for the way. Keeps its tables and its output's room between them. Lives on the loop that forwards.
final class BatchPacker {
    private let level: Int
    private var zstd: ZstdCompressor
    private var scratch: [UInt8] = []
    private static let mostKeptScratch = 2 << 20

    init(level: Int) {
        self.level = level
        zstd = ZstdCompressor(level: level)
    }

    /// A body of the right length; the message itself where nothing is to be done.
    func pack(_ message: [UInt8], _ encoding: BatchEncoding) throws(CompressionError) -> [UInt8] {
        scratch.removeAll(keepingCapacity: scratch.capacity <= Self.mostKeptScratch)
        switch encoding {
        case .none: return message
        case .zstd: try zstd.compress(message.span, into: &scratch)
        case .gzip:
            // Made anew: it is for foreign backends, and costs little beside what it does.
            var gzip = try GzipCompressor(level: 1)
            try gzip.compress(message.span, into: &scratch)
        }
        return scratch.withUnsafeBufferPointer { Array($0) }
    }
}
