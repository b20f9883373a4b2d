import OTLP
import Testing
import WireFormat

@Suite struct ExportResponseTests {
    @Test("Full success is an empty message and an empty object")
    func success() throws {
        #expect(ExportResponse.protobuf(.traces) == [])
        #expect(ExportResponse.json(.traces) == Array("{}".utf8))
        #expect(try ExportResponse.partialSuccess([UInt8]().span) == nil)
        #expect(try ExportResponse.partialSuccess([UInt8]([0x0A, 0]).span) == nil)
    }

    @Test(
        "Partial success names what was rejected, by kind",
        arguments: [
            (.traces, "rejectedSpans"), (.metrics, "rejectedDataPoints"), (.logs, "rejectedLogRecords"),
        ] as [(SignalKind, String)])
    func partial(kind: SignalKind, name: String) throws {
        let bytes = ExportResponse.protobuf(kind, rejected: 3, message: "no")
        #expect(bytes == [0x0A, 6, 0x08, 3, 0x12, 2, 0x6E, 0x6F])
        #expect(try ExportResponse.partialSuccess(bytes.span) == .init(rejected: 3, message: "no"))
        let json = String(decoding: ExportResponse.json(kind, rejected: 3, message: "no"), as: UTF8.self)
        #expect(json == #"{"partialSuccess":{"\#(name)":"3","errorMessage":"no"}}"#)
    }

    @Test("A status carries RetryInfo and gives it back")
    func status() throws {
        let bytes = ExportResponse.status(code: .unavailable, message: "full", retryAfter: .milliseconds(1500))
        let type = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)
        let delay: [UInt8] = [0x12, 10, 0x0A, 8, 0x08, 1, 0x10, 0x80, 0xCA, 0xB5, 0xEE, 0x01]
        let any: [UInt8] = [0x0A, UInt8(type.count)] + type + delay
        #expect(bytes == [0x08, 14, 0x12, 4] + Array("full".utf8) + [0x1A, UInt8(any.count)] + any)
        #expect(
            try ExportResponse.readStatus(bytes.span)
                == RPCStatus(code: 14, message: "full", retryAfter: .milliseconds(1500)))
        let json = ExportResponse.statusJSON(code: .unavailable, message: "full", retryAfter: .milliseconds(1500))
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"{"code":14,"message":"full","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","#
                + #""retryDelay":"1.500s"}]}"#)
    }

    @Test("Details of other types are passed over, whatever their bytes")
    func foreignDetail() throws {
        let bytes: [UInt8] = [0x08, 8, 0x1A, 7, 0x0A, 1, 0x78, 0x12, 2, 0xFF, 0xFF]
        #expect(try ExportResponse.readStatus(bytes.span) == RPCStatus(code: 8))
    }

    @Test("An answer that is cut off is an error")
    func truncated() {
        let bytes = ExportResponse.protobuf(.traces, rejected: 300, message: "x")
        for end in 1..<bytes.count {
            #expect(throws: WireError.self, "cut at \(end)") {
                try ExportResponse.partialSuccess(Array(bytes[..<end]).span)
            }
        }
    }
}
