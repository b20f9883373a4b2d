import Compression
package import Spool

/// Reads batches back from the spool and packs them for the way. Keeps its tables and its room between them, for all
/// collectors. Lives on the loop that forwards.
package final class BatchPacker {
    /// What was read last.
    private(set) var message: [UInt8] = []
    private let reader: BatchReader
    private var zstd: ZstdCompressor
    private var scratch: [UInt8] = []
    private static let mostKept = 2 << 20

    package init(_ spool: Spool, level: Int) {
        reader = BatchReader(spool)
        zstd = ZstdCompressor(level: level)
    }

    /// Reads what is left of a batch into `message`.
    func read(_ batch: SpooledBatch) throws(SpoolError) -> BatchReader.Content {
        if message.capacity > Self.mostKept { message = [] }
        return try reader.read(batch, into: &message)
    }

    /// Gives back what a large batch took, once it is packed.
    func forgetLarge() {
        if message.capacity > Self.mostKept { message = [] }
    }

    /// The message as a body of the right length.
    func pack(_ encoding: BatchEncoding) throws(CompressionError) -> [UInt8] {
        scratch.removeAll(keepingCapacity: scratch.capacity <= Self.mostKept)
        // Borrowed for as long as it is packed: nobody changes it meanwhile.
        let message = message
        switch encoding {
        case .none: return Array(message)
        case .zstd: try zstd.compress(message.span, into: &scratch)
        case .gzip:
            // Made anew: it is for foreign backends, and costs little beside what it does.
            var gzip = try GzipCompressor(level: 1)
            try gzip.compress(message.span, into: &scratch)
        }
        let packed = scratch.withUnsafeBufferPointer { Array($0) }
        // What a large batch took is given back at once.
        if scratch.capacity > Self.mostKept { scratch = [] }
        return packed
    }
}
