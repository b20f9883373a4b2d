/// Unpacks request and response bodies from strangers. Its contexts are made when first needed and kept, so one decoder
/// serves one thread; hence not `Sendable`.
package final class BodyDecoder {
    /// A zstd context that grew beyond this for one body is freed after it.
    private static let mostKeptMemory = 1 << 20

    private var inflate: InflateStream?
    private var zstd: ZstdStream?

    package init() {}

    /// Appends the unpacked `input` to `output`: all of it, whatever number of gzip members or zstd frames it is made of.
    /// Room grows with what is unpacked and never beyond `limit` bytes and one step of 64 KiB; a body over 2 MiB that did not
    /// tell its length is unpacked twice, so that one over the limit never gets more. On an error `output` has its
    /// former elements.
    package func decode(
        _ input: Span<UInt8>, as encoding: ContentEncoding, limit: Int, into output: inout [UInt8]
    ) throws(CompressionError) {
        let start = output.count
        do {
            try input.withUnsafeBufferPointer { input throws(CompressionError) in
                var room = BodyRoom(start: start, limit: limit)
                try unpack(input, encoding, &room, &output)
                guard room.isMeasuring else { return }
                output.removeLast(output.count - start)
                room = BodyRoom(start: start, limit: limit, length: room.measured)
                try unpack(input, encoding, &room, &output)
            }
        } catch {
            output.removeLast(output.count - start)
            throw error
        }
    }

    private func unpack(
        _ input: UnsafeBufferPointer<UInt8>, _ encoding: ContentEncoding, _ room: inout BodyRoom,
        _ output: inout [UInt8]
    ) throws(CompressionError) {
        switch encoding {
        case .identity:
            guard input.count <= room.left else { throw .tooLarge(limit: room.left) }
            output.append(contentsOf: input)
        case .gzip, .deflate:
            try inflateStream().decode(input, as: encoding, room: &room, into: &output)
        case .zstd:
            let zstd = zstd ?? ZstdStream()
            self.zstd = zstd
            defer { if zstd.memory > Self.mostKeptMemory { self.zstd = nil } }
            try zstd.decode(input, room: &room, into: &output)
        }
    }

    private func inflateStream() throws(CompressionError) -> InflateStream {
        if let inflate { return inflate }
        let made = try InflateStream()
        inflate = made
        return made
    }
}
