import Testing
import WireFormat

@Suite struct DatagramReaderTests {
    @Test("Producer, sequence and the payloads' places are read")
    func readsEnvelope() throws {
        let bytes = Sample.message { writer in
            writer.fixed64(1, 0xFEED)
            writer.varint(2, 300)
            writer.bytes(3, [1, 2, 3])
            writer.varint(9, 1)
            writer.bytes(5, [4])
            writer.bytes(4, [])
            writer.bytes(3, [5, 6])
        }
        var reader = DatagramReader()
        try reader.read(bytes)
        #expect(reader.producer == 0xFEED)
        #expect(reader.sequence == 300)
        #expect(
            reader.payloads == [
                .init(kind: .traces, range: 14..<17), .init(kind: .logs, range: 21..<22),
                .init(kind: .metrics, range: 24..<24), .init(kind: .traces, range: 26..<28),
            ])
    }

    @Test("A datagram that begins with 0x0A is bare traces")
    func readsBareTraces() throws {
        let bytes = Sample.resourceSpans([Sample.span()])
        var reader = DatagramReader()
        try reader.read(bytes)
        #expect(reader.payloads == [.init(kind: .traces, range: 0..<bytes.count)])
        #expect(reader.producer == nil)
        #expect(reader.sequence == nil)
    }

    @Test("A reader used again forgets the last datagram, also when the next is malformed")
    func reuse() throws {
        var reader = DatagramReader()
        try reader.read(Sample.message { $0.fixed64(1, 7) })
        #expect(reader.producer == 7)
        #expect(throws: WireError(.truncated(needed: 8, available: 1), at: 3)) {
            try reader.read([0x10, 5, 0x09, 1])
        }
        #expect(reader.producer == nil)
        #expect(reader.sequence == nil)
        try reader.read([UInt8]())
        #expect(reader.payloads.isEmpty)
    }

    @Test("More payloads than the bound are refused")
    func boundsPayloads() throws {
        var reader = DatagramReader()
        try reader.read(Array(repeating: [0x1A, 0], count: 16).flatMap { $0 as [UInt8] })
        #expect(reader.payloads.count == 16)
        #expect(throws: WireError(.tooMany(limit: 16), at: 32, field: "traces, metrics and logs")) {
            try reader.read(Array(repeating: [0x1A, 0], count: 17).flatMap { $0 as [UInt8] })
        }
    }
}
