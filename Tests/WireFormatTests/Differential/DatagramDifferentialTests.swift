import CHMSProto
import CProtobufC
import Testing
import WireFormat

@Suite struct DatagramDifferentialTests {
    @Test("The reader finds in a datagram that protobuf-c packed what was put in")
    func readsPacked() throws {
        var datagram = Hms__V1__Datagram()
        hms__v1__datagram__init(&datagram)
        datagram.producer = 0xFEED_F00D_0000_0001
        datagram.sequence = 1 << 40
        var traces = Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest()
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__init(&traces)
        // The pointers are used while the closure runs only.
        let bytes = withUnsafeMutablePointer(to: &traces) { traces in
            datagram.traces = traces
            return [UInt8](unsafeUninitializedCapacity: hms__v1__datagram__get_packed_size(&datagram)) {
                buffer, count in
                count = hms__v1__datagram__pack(&datagram, buffer.baseAddress)
            }
        }
        #expect(bytes.first == 0x09)
        var reader = DatagramReader()
        try reader.read(bytes)
        #expect(reader.producer == 0xFEED_F00D_0000_0001)
        #expect(reader.sequence == 1 << 40)
        #expect(reader.payloads == [.init(kind: .traces, range: bytes.count..<bytes.count)])
    }
}
