/// Reads the envelope of `hms.v1.Datagram`: who sent it, its number, and where the telemetry lies. A datagram that begins
/// with the byte 0x0A is a bare ExportTraceServiceRequest. The payloads themselves are the scanner's business.
/// Reusable: it keeps its array's capacity.
public struct DatagramReader: Sendable {
    /// One request inside the datagram.
    public struct Payload: Sendable, Equatable {
        public var kind: SignalKind
        public var range: Range<Int>

        public init(kind: SignalKind, range: Range<Int>) {
            self.kind = kind
            self.range = range
        }
    }

    /// Random for each start of the sending process; nil if the datagram doesn't tell.
    public private(set) var producer: UInt64?
    /// Rises by one with each datagram of a producer.
    public private(set) var sequence: UInt64?
    /// In the order of the datagram. A kind that occurs several times is listed as often: the parts concatenate.
    public private(set) var payloads: [Payload] = []

    public static let maximumPayloads = 16

    public init() {}

    /// Reads one datagram. What the last one held is gone; after a throw nothing is held.
    public mutating func read(_ bytes: Span<UInt8>) throws(WireError) {
        reset()
        if bytes.count > 0, bytes[0] == 0x0A {
            payloads.append(Payload(kind: .traces, range: 0..<bytes.count))
            return
        }
        do {
            try readFields(bytes)
        } catch {
            reset()
            throw error
        }
    }

    private mutating func reset() {
        producer = nil
        sequence = nil
        payloads.removeAll(keepingCapacity: true)
    }

    private mutating func readFields(_ bytes: Span<UInt8>) throws(WireError) {
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            switch field.number {
            case 1: producer = try cursor.readFixed64(field)
            case 2: sequence = try cursor.readVarint(field)
            case 3: try add(.traces, try cursor.readBytes(field).count, endingAt: cursor.offset, field.start)
            case 4: try add(.metrics, try cursor.readBytes(field).count, endingAt: cursor.offset, field.start)
            case 5: try add(.logs, try cursor.readBytes(field).count, endingAt: cursor.offset, field.start)
            default: try cursor.skip(field)
            }
        }
    }

    private mutating func add(_ kind: SignalKind, _ count: Int, endingAt end: Int, _ start: Int) throws(WireError) {
        guard payloads.count < Self.maximumPayloads else {
            throw WireError(.tooMany(limit: Self.maximumPayloads), at: start, field: "traces, metrics and logs")
        }
        payloads.append(Payload(kind: kind, range: end - count..<end))
    }
}
