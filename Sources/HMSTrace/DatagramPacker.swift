import WireFormat

/// Decides which encoded spans go together, and writes the messages. Pure: the sequence number and the bytes are all it has.
struct DatagramPacker {
    /// The largest UDP payload over IPv4.
    static let maximumDatagramBytes = 65_507
    /// Datagrams are filled up to this; a single larger span may go up to the maximum.
    static let fillBytes = 60 << 10
    /// Messages for HTTP are kept under the 4 MiB that receivers take by default.
    static let maximumMessageBytes = 3 << 20

    /// Names this process' run to the sidecar, which counts gaps in its sequence.
    let producer: UInt64
    private let resource: [UInt8]
    private var sequence: UInt64 = 0

    init(producer: UInt64, resource: [UInt8]) {
        self.producer = producer
        self.resource = resource
    }

    enum Message: Equatable {
        case datagram([UInt8], spans: Int, spanBytes: Int)
        /// An ExportTraceServiceRequest for HTTP.
        case large([UInt8], spans: Int, spanBytes: Int)
    }

    /// Calls `send` for each message in order; spans keep their order within datagrams and within large messages.
    mutating func pack(_ spans: [[UInt8]], dropped: UInt64, send: (Message) -> Void) {
        let scope = SpanEncoder.scope(dropped: dropped)
        // Tags and lengths of request, resource spans, scope spans, resource and scope, and of the datagram's own fields.
        let overhead = resource.count + scope.count + 5 * 5 + 9 + 11
        var group: [[UInt8]] = []
        var groupBytes = 0
        var large: [[UInt8]] = []
        var largeBytes = 0

        func flushLarge() {
            guard !large.isEmpty else { return }
            let bytes = large.reduce(0) { $0 + $1.count }
            send(.large(request(large, scope), spans: large.count, spanBytes: bytes))
            large = []
            largeBytes = 0
        }
        for span in spans {
            let size = span.count + 6
            if overhead + size > Self.maximumDatagramBytes {
                if largeBytes + size > Self.maximumMessageBytes { flushLarge() }
                large.append(span)
                largeBytes += size
                continue
            }
            if !group.isEmpty, overhead + groupBytes + size > Self.fillBytes {
                send(datagram(group, scope))
                group = []
                groupBytes = 0
            }
            group.append(span)
            groupBytes += size
        }
        if !group.isEmpty { send(datagram(group, scope)) }
        flushLarge()
    }

    private mutating func datagram(_ spans: [[UInt8]], _ scope: [UInt8]) -> Message {
        sequence += 1
        let spanBytes = spans.reduce(0) { $0 + $1.count }
        var writer = ProtobufWriter(capacity: spanBytes + resource.count + scope.count + spans.count * 4 + 64)
        writer.fixed64(1, producer)
        writer.varint(2, sequence)
        writer.message(3) { write(spans, scope, to: &$0) }
        return .datagram(writer.bytes, spans: spans.count, spanBytes: spanBytes)
    }

    /// What a datagram holds, as a message of its own.
    func request(_ spans: [[UInt8]], _ scope: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter(capacity: spans.reduce(0) { $0 + $1.count } + 1_024)
        write(spans, scope, to: &writer)
        return writer.bytes
    }

    private func write(_ spans: [[UInt8]], _ scope: [UInt8], to writer: inout ProtobufWriter) {
        writer.message(1) { writer in
            writer.bytes(1, resource)
            writer.message(2) { writer in
                writer.bytes(1, scope)
                for span in spans { writer.bytes(2, span) }
            }
        }
    }
}
