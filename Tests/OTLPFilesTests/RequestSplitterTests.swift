import OTLP
import OTLPFiles
import Testing
import WireFormat

@Suite struct RequestSplitterTests {
    @Test("Parts stay below the size, and hold the same spans in the same order with their resources and scopes")
    func splits() throws {
        let message = Requests.traces(1, spans: 3_000) + Requests.traces(2) + Requests.traces(3, spans: 700)
        let parts = try RequestSplitter.split(message, maxBytes: 10_000)
        #expect(parts.count > 10)
        #expect(parts.allSatisfy { $0.count <= 10_200 })
        #expect(try parts.flatMap { try decodeSpans($0) } == decodeSpans(message))
    }

    @Test("A request that fits is left alone, and an item that does not is a part of its own")
    func leavesAlone() throws {
        let small = Requests.logs(1)
        #expect(try RequestSplitter.split(small, maxBytes: small.count) == [small])
        let long = Requests.traces(1, text: String(repeating: "x", count: 5_000))
        let parts = try RequestSplitter.split(Requests.traces(2) + long + Requests.traces(3), maxBytes: 1_000)
        #expect(parts.count == 3)
        #expect(try parts.map { try decodeSpans($0).count } == [1, 1, 1])
    }

    @Test("Unknown fields go with what they stand in")
    func unknown() throws {
        var writer = ProtobufWriter()
        writer.message(1) { resource in
            resource.varint(99, 5)
            for number in 0..<3 {
                resource.message(2) { scope in
                    scope.varint(98, 6)
                    for _ in 0..<2 { scope.message(2) { $0.string(97, String(repeating: "\(number)", count: 60)) } }
                }
            }
        }
        let parts = try RequestSplitter.split(writer.bytes, maxBytes: 80)
        #expect(parts.count == 6)
        for (index, part) in parts.enumerated() {
            var expected = ProtobufWriter()
            expected.message(1) { resource in
                resource.varint(99, 5)
                resource.message(2) { scope in
                    scope.varint(98, 6)
                    scope.message(2) { $0.string(97, String(repeating: "\(index / 2)", count: 60)) }
                }
            }
            #expect(part == expected.bytes)
        }
    }
}
