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

    init(frameBytes: Int, level: Int) {
        self.frameBytes = frameBytes
        compressor = ZstdCompressor(level: level)
        raw.reserveCapacity(frameBytes + frameBytes / 2)
    }

    /// Starts the frames of a commit that will lie at `fileOffset`, the first of them numbered `ordinal`.
    mutating func begin(salt: UInt64, ordinal: UInt32, fileOffset: Int) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= 4 << 20)
        frames.removeAll(keepingCapacity: true)
        headers.removeAll(keepingCapacity: true)
        raw.removeAll(keepingCapacity: raw.capacity <= 4 << 20)
        rawBytes = 0
        self.fileOffset = fileOffset
        header = FrameHeader(salt: salt, ordinal: ordinal)
    }

    /// Adds a record; returns the ordinal of the frame it lies in. A record that would make a frame larger than
    /// `frameBytes` begins the next one.
    mutating func append(_ record: borrowing IngestRecord) throws(CompressionError) -> UInt32 {
        if !raw.isEmpty, raw.count + RecordHeader.length + record.body.count > frameBytes {
            try finishFrame(flags: 0)
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
