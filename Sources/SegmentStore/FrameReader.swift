import Compression
import Files

/// Reads and unpacks single frames, keeping its buffers and tables between them. One thread uses it at a time; the store
/// hands readers from thread to thread, which is why it is not plain but unchecked `Sendable`.
final class FrameReader: @unchecked Sendable {
    private var decompressor = ZstdDecompressor()
    private var frame: [UInt8] = []
    private(set) var raw: [UInt8] = []
    /// Of the frame that was read last, as it is stored.
    var payload: ArraySlice<UInt8> { frame[FrameHeader.length...] }

    enum Outcome {
        case good(FrameHeader)
        /// Not the frame that was written, or none.
        case damaged
    }

    /// Hands out what was unpacked; `spare` takes its place, so that the next frame needs no fresh memory.
    func take(leaving spare: [UInt8]) -> [UInt8] {
        defer { raw = spare }
        return raw
    }

    /// Unpacks the frame at `offset` of a file of which `available` bytes are this segment's, into `raw`.
    func read(
        _ file: borrowing ReadFile, at offset: Int, available: Int, salt: UInt64, expected: FrameRef? = nil
    ) throws(StorageFailure) -> Outcome {
        guard offset >= 0, available - offset >= FrameHeader.length else { return .damaged }
        if frame.capacity > 4 << 20 { frame = [] }
        // Without an index entry the header is read first, to know the length.
        let guess = expected.map { FrameHeader.length + Int($0.stored) } ?? FrameHeader.length
        guard guess <= available - offset, guess <= FrameHeader.length + FrameHeader.maxStoredBytes else {
            return .damaged
        }
        try file.read(guess, at: offset, into: &frame)
        guard let header = frame.withUnsafeBytes({ FrameHeader($0, salt: salt) }) else { return .damaged }
        guard header.frameLength <= available - offset else { return .damaged }
        if frame.count != header.frameLength {
            guard expected == nil else { return .damaged }
            try file.read(header.frameLength, at: offset, into: &frame)
        }
        guard frame.count == header.frameLength, frame.withUnsafeBytes(FrameHeader.isIntact) else { return .damaged }
        raw.removeAll(keepingCapacity: raw.capacity <= 4 << 20)
        do {
            let bytes = frame
            try decompressor.decompress(
                bytes.span.extracting(droppingFirst: FrameHeader.length), rawLength: Int(header.rawLength), into: &raw)
        } catch { return .damaged }
        return .good(header)
    }
}
