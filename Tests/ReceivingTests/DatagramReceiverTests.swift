import EventLoop
import Glibc
import SelfTelemetry
import Testing
import WireFormat

@testable import Receiving

/// Takes everything and remembers it.
private final class RecordingSink: TelemetrySink {
    private(set) var accepted: [AcceptedTelemetry] = []

    func accept(
        _ telemetry: consuming AcceptedTelemetry, _ memory: BudgetShare?, _ done: @escaping (SinkAnswer) -> Void
    ) {
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

    @Test("Each call's datagrams carry a note of how far their producers are, also when nothing in them is good")
    func notesOfProducers() throws {
        let loop = try EventLoop()
        let sink = RecordingSink()
        let registry = MetricRegistry()
        var known = ProducerTable()
        known.restore(
            ProducerNotes.decode(
                ProducerNotes.encode(
                    {
                        var table = ProducerTable()
                        _ = table.note(producer: 77, sequence: 5)
                        return table.all
                    }())))
        let receiver = try DatagramReceiver(
            loop: loop, address: .loopback(port: 0), receiveBufferBytes: 1 << 20, sink: sink,
            ingest: IngestCounters(program: "test", registry: registry),
            counters: DatagramReceiver.Counters(program: "test", registry: registry), collectsTraces: true,
            producers: known)
        let socket = try Socket.connectDatagram(receiver.localAddress)
        defer { close(socket) }
        for bytes in [Self.datagram(7, [[0x0A, 0x05, 0x00]]), Self.datagram(9, [])] {
            #expect(send(socket, bytes, bytes.count, 0) == bytes.count)
        }
        receiver.drainAndClose()
        #expect(sink.accepted.map(\.items) == [0])
        let noted = sink.accepted.flatMap { ProducerNotes.decode($0.note) }
        #expect(noted.map(\.id) == [77] && noted.map(\.highest) == [9] && noted.map(\.missing) == [2])
    }

    @Test("The traces of a datagram that was refused are not among those that are handed on")
    func tracesOfRefused() throws {
        let loop = try EventLoop()
        let sink = RecordingSink()
        let registry = MetricRegistry()
        let receiver = try DatagramReceiver(
            loop: loop, address: .loopback(port: 0), receiveBufferBytes: 1 << 20, sink: sink,
            ingest: IngestCounters(program: "test", registry: registry),
            counters: DatagramReceiver.Counters(program: "test", registry: registry), collectsTraces: true)
        let socket = try Socket.connectDatagram(receiver.localAddress)
        defer { close(socket) }
        let datagrams = [
            Self.datagram(1, [Self.request("good"), [0x0A, 0x05, 0x00]]), Self.datagram(2, [Self.request("fine")]),
        ]
        for bytes in datagrams { #expect(send(socket, bytes, bytes.count, 0) == bytes.count) }
        receiver.drainAndClose()
        #expect(sink.accepted.map(\.items) == [1])
        #expect(sink.accepted.map { $0.runs.reduce(0) { $0 + Int($1.spans) } } == [1])
    }
}
