import Compression
import WireFormat

/// Gathers records into frames, one after the other, in the bytes of one commit.
struct FrameBuilder: ~Copyable {
    /// The frames finished since `begin`, as they go to the disk.
    private(set) var bytes: [UInt8] = []
    private(set) var frames: [FrameRef] = []
    private(set) var headers: [FrameHeader] = []
    private(set) var rawBytes = 0
    private var raw: [UInt8] = []
    private var header = FrameHeader(salt: 0, ordinal: 0)
    private var compressor: ZstdCompressor
    private let frameBytes: Int
    private var fileOffset = 0
    /// What the commit's frames hold each, were they all the same, and where in the commit's content the open one is to end.
    private var share = 0
    private var boundary = 0

    init(frameBytes: Int, level: Int) {
        self.frameBytes = frameBytes
        compressor = ZstdCompressor(level: level)
        raw.reserveCapacity(frameBytes + frameBytes / 2)
    }

    /// Starts the frames of a commit that will lie at `fileOffset`, the first of them numbered `ordinal`.
    /// - Parameter content: what it will hold, about. It is dealt out evenly: what is a little more than one frame makes one that
    ///   is a little larger, as a second of a few records would cost an index of its own and pack badly.
    mutating func begin(salt: UInt64, ordinal: UInt32, fileOffset: Int, content: Int) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= 4 << 20)
        frames.removeAll(keepingCapacity: true)
        headers.removeAll(keepingCapacity: true)
        raw.removeAll(keepingCapacity: raw.capacity <= 4 << 20)
        rawBytes = 0
        share = content / max(1, (content + frameBytes / 2) / frameBytes)
        boundary = share
        self.fileOffset = fileOffset
        header = FrameHeader(salt: salt, ordinal: ordinal)
    }

    /// Adds a record; returns the ordinal of the frame it lies in. A record that lies mostly behind a frame's share, or would make
    /// it half as large again as `frameBytes`, begins the next one.
    mutating func append(_ record: borrowing IngestRecord) throws(CompressionError) -> UInt32 {
        let length = RecordHeader.length + record.body.count
        if !raw.isEmpty,
            rawBytes + raw.count + length / 2 > boundary || raw.count + length > frameBytes + frameBytes / 2
        {
            try finishFrame(flags: 0)
            boundary = max(boundary, rawBytes) + share
        }
        let recordHeader = RecordHeader(record)
        recordHeader.append(to: &raw)
        raw.append(contentsOf: record.body)
        header.records &+= 1
        switch record.kind {
        case .traces: header.spans &+= recordHeader.items
        case .metrics: header.points &+= recordHeader.items
        case .logs: header.logs &+= recordHeader.items
        }
        header.firstReceivedAt = min(header.firstReceivedAt, record.receivedAt)
        header.lastReceivedAt = max(header.lastReceivedAt, record.receivedAt)
        return header.ordinal
    }

    /// Finishes the commit's last frame.
    mutating func finish() throws(CompressionError) {
        if !raw.isEmpty { try finishFrame(flags: FrameHeader.endsCommit) }
    }

    private mutating func finishFrame(flags: UInt32) throws(CompressionError) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: FrameHeader.length))
        // The span borrows what it is of, so the content leaves the struct meanwhile.
        var content: [UInt8] = []
        swap(&content, &raw)
        defer {
            swap(&content, &raw)
            raw.removeAll(keepingCapacity: true)
        }
        try compressor.compress(content.span, into: &bytes)
        header.storedLength = UInt32(bytes.count - start - FrameHeader.length)
        header.rawLength = UInt32(content.count)
        header.flags = flags
        bytes.withUnsafeMutableBytes { header.write(into: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
        frames.append(
            FrameRef(offset: UInt64(fileOffset + start), stored: header.storedLength, raw: header.rawLength))
        headers.append(header)
        rawBytes += content.count
        header = FrameHeader(salt: header.salt, ordinal: header.ordinal + 1)
    }
}
