import EventLoop
import Glibc
import SelfTelemetry
import Testing
import WireFormat

@testable import Receiving

/// Takes everything and remembers it.
private final class RecordingSink: TelemetrySink {
    private(set) var accepted: [AcceptedTelemetry] = []

    func accept(_ telemetry: consuming AcceptedTelemetry, _ done: @escaping (SinkAnswer) -> Void) {
        accepted.append(telemetry)
        done(.accepted)
    }
}

@Suite struct DatagramReceiverTests {
    private static func request(_ name: String) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { writer in
            writer.message(2) { writer in
                writer.message(2) { writer in
                    writer.bytes(1, [UInt8](repeating: 1, count: 16))
                    writer.bytes(2, [UInt8](repeating: 2, count: 8))
                    writer.string(5, name)
                }
            }
        }
        return writer.bytes
    }

    private static func datagram(_ sequence: UInt64, _ payloads: [[UInt8]]) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.fixed64(1, 77)
        writer.varint(2, sequence)
        for payload in payloads { writer.bytes(3, payload) }
        return writer.bytes
    }

    @Test("A datagram with a malformed payload is refused whole; a good one is handed on in its order")
    func wholeOrNothing() throws {
        let loop = try EventLoop()
        let sink = RecordingSink()
        let registry = MetricRegistry()
        let receiver = try DatagramReceiver(
            loop: loop, address: .loopback(port: 0), receiveBufferBytes: 1 << 20, sink: sink,
            ingest: IngestCounters(program: "test", registry: registry),
            counters: DatagramReceiver.Counters(program: "test", registry: registry))
        let socket = try Socket.connectDatagram(receiver.localAddress)
        defer { close(socket) }
        let (first, second) = (Self.request("first"), Self.request("second"))
        let datagrams = [
            Self.datagram(1, [first, [0x0A, 0x05, 0x00], second]), Self.datagram(2, [first, second]),
        ]
        for bytes in datagrams { #expect(send(socket, bytes, bytes.count, 0) == bytes.count) }
        receiver.drainAndClose()
        // What one call brings is handed on together; protobuf messages concatenate.
        #expect(sink.accepted.map(\.bytes) == [first + second])
        #expect(sink.accepted.map(\.items) == [2])
        let text = registry.render()
        #expect(text.contains("test_refused_requests_total{reason=\"malformed\"} 1\n"))
        #expect(text.contains("test_accepted_items_total{signal=\"traces\"} 2\n"))
        #expect(text.contains("test_received_items_total{signal=\"traces\"} 2\n"))
    }
}
