import OTLP
import Testing
import WireFormat

@Suite struct OTLPJSONErrorTests {
    /// `span` is the content of the one span of a request; offsets count from its opening brace.
    private static let prefix = #"{"resourceSpans":[{"scopeSpans":[{"spans":["#
    private static let place = "resourceSpans[0].scopeSpans[0].spans[0]"

    @Test("Small numbers that protobuf writes in eight bytes each do not pass the limit")
    func boundsTheMessage() throws {
        let numbers = [String](repeating: "1", count: 10_000).joined(separator: ",")
        let text =
            #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"explicitBounds":["#
            + numbers + "]}]}}]}]}]}"
        #expect(try OTLPJSON.protobuf(fromJSON: Array(text.utf8), kind: .metrics, limit: 100_000).count > 80_000)
        let error = #expect(throws: OTLPJSONError.self) {
            try OTLPJSON.protobuf(fromJSON: Array(text.utf8), kind: .metrics, limit: 40_000)
        }
        #expect(error?.reason == .tooLarge(limit: 40_000))
    }

    @Test(
        "A wrong field is refused with its path, its byte and what was expected",
        arguments: [
            (#"{"traceId":"xyz0"}"#, ".traceId", 11, "expected pairs of hexadecimal digits"),
            (#"{"traceId":"abc"}"#, ".traceId", 11, "expected pairs of hexadecimal digits"),
            (#"{"traceId":5}"#, ".traceId", 11, "found a number, expected a string of pairs of hexadecimal digits"),
            (#"{"name":5}"#, ".name", 8, "found a number, expected a string"),
            (#"{"name":"\ud800"}"#, ".name", 9, "half of a surrogate pair in a \\u escape"),
            (#"{"kind":1.5}"#, ".kind", 8, "expected a whole number or a name such as SPAN_KIND_INTERNAL"),
            (#"{"kind":"CLIENT"}"#, ".kind", 8, "expected a whole number or a name such as SPAN_KIND_INTERNAL"),
            (#"{"kind":2147483648}"#, ".kind", 8, "expected a whole number or a name such as SPAN_KIND_INTERNAL"),
            (
                #"{"startTimeUnixNano":-1}"#, ".startTimeUnixNano", 21,
                "expected a whole number from 0 to 18446744073709551615"
            ),
            (
                #"{"startTimeUnixNano":"18446744073709551616"}"#, ".startTimeUnixNano", 21,
                "expected a whole number from 0 to 18446744073709551615"
            ),
            (
                #"{"startTimeUnixNano":" 5"}"#, ".startTimeUnixNano", 21,
                "expected a whole number from 0 to 18446744073709551615"
            ),
            (
                #"{"startTimeUnixNano":true}"#, ".startTimeUnixNano", 21,
                "found true, expected a whole number from 0 to 18446744073709551615"
            ),
            (
                #"{"droppedLinksCount":4294967296}"#, ".droppedLinksCount", 21,
                "expected a whole number from 0 to 4294967295"
            ),
            (#"{"name":"a","name":"a"}"#, ".name", 12, "the field is given twice, expected it once"),
            (#"{"traceId":"","trace_id":""}"#, ".traceId", 14, "the field is given twice, expected it once"),
            (#"{"attributes":{}}"#, ".attributes", 14, "found an object, expected an array"),
            (#"{"attributes":[{},null]}"#, ".attributes[1]", 18, "found null, expected an object"),
            (#"{"status":[]}"#, ".status", 10, "found an array, expected an object"),
            (
                #"{"attributes":[{"value":{"intValue":1,"boolValue":true}}]}"#, ".attributes[0].value.boolValue", 50,
                "'intValue' is set already, expected one of the two"
            ),
            (
                #"{"attributes":[{"value":{"boolValue":"true"}}]}"#, ".attributes[0].value.boolValue", 37,
                "found a string, expected true or false"
            ),
            (
                #"{"attributes":[{"value":{"doubleValue":1e999}}]}"#, ".attributes[0].value.doubleValue", 39,
                "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\""
            ),
            (
                #"{"attributes":[{"value":{"doubleValue":"inf"}}]}"#, ".attributes[0].value.doubleValue", 39,
                "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\""
            ),
            (
                #"{"attributes":[{"value":{"bytesValue":"A"}}]}"#, ".attributes[0].value.bytesValue", 38,
                "expected base64"
            ),
            (
                #"{"attributes":[{"value":{"bytesValue":"A*=="}}]}"#, ".attributes[0].value.bytesValue", 38,
                "expected base64"
            ),
            (
                #"{"attributes":[{"value":{"doubleValue":NaN}}]}"#, ".attributes[0].value.doubleValue", 39,
                "found 'N', expected a value"
            ),
        ] as [(String, String, Int, String)])
    func fieldErrors(span: String, path: String, offset: Int, message: String) {
        let text = Self.prefix + span + "]}]}]}"
        let expected = "\(Self.place)\(path) at byte \(Self.prefix.utf8.count + offset): \(message)"
        #expect { try OTLPJSON.protobuf(fromJSON: Array(text.utf8), kind: .traces) } throws: { "\($0)" == expected }
    }

    @Test(
        "A text that is no request is refused",
        arguments: [
            ("", "byte 0: the text ends, expected a value"),
            ("[]", "byte 0: found an array, expected an object"),
            ("null", "byte 0: found null, expected an object"),
            (#"{"resourceSpans":[]} {}"#, "byte 21: something follows the value, expected the end of the text"),
            (#"{"other":[1,]}"#, "byte 12: found ']', expected a value"),
            (#"{"resourceSpans":[{"#, "resourceSpans[0] at byte 19: the text ends, expected a key in quotes or '}'"),
        ])
    func requestErrors(text: String, message: String) {
        #expect { try OTLPJSON.protobuf(fromJSON: Array(text.utf8), kind: .traces) } throws: { "\($0)" == message }
    }

    private func nested(_ levels: Int) -> [UInt8] {
        let open = String(repeating: #"{"arrayValue":{"values":["#, count: levels - 1)
        let close = String(repeating: "]}}", count: levels - 1)
        let value = open + "{}" + close
        return Array((#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":"# + value + "}]}]}]}").utf8)
    }

    @Test("Messages nest 32 deep in JSON, as the scanner counts, no deeper, however deep the text")
    func depth() throws {
        // The outermost value is the request's fifth message, and each within it adds an array and itself.
        let bytes = try OTLPJSON.protobuf(fromJSON: nested(14), kind: .logs)
        #expect(try OTLPJSON.json(fromProtobuf: bytes, kind: .logs) == nested(14))
        for levels in [15, 100_000] {
            #expect { try OTLPJSON.protobuf(fromJSON: nested(levels), kind: .logs) } throws: {
                ($0 as? OTLPJSONError)?.reason == .nestedTooDeep(limit: 32)
            }
        }
    }

    @Test("A million brackets in an unknown field are refused as well")
    func unknownDepth() {
        let text = Array(#"{"x":"#.utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect { try OTLPJSON.protobuf(fromJSON: text, kind: .traces) } throws: {
            "\($0)" == "byte 100: nested deeper than 96 levels"
        }
    }

    @Test("Protobuf nested too deep, cut off or not UTF-8 is refused on the way to JSON")
    func protobufErrors() throws {
        var value: [UInt8] = []
        for _ in 1..<33 {
            var writer = ProtobufWriter()
            writer.message(5) { $0.bytes(1, value) }
            value = writer.bytes
        }
        var writer = ProtobufWriter()
        writer.message(1) { $0.message(2) { $0.message(2) { $0.bytes(5, value) } } }
        let deep = writer.bytes
        #expect { try OTLPJSON.json(fromProtobuf: deep, kind: .logs) } throws: {
            ($0 as? WireError)?.reason == .nestedTooDeep(limit: 32)
        }
        #expect(throws: WireError(.invalidUTF8, at: 4, field: "ResourceSpans.schemaUrl")) {
            try OTLPJSON.json(fromProtobuf: [0x0A, 3, 0x1A, 1, 0xFF], kind: .traces)
        }
        #expect(throws: WireError.self) { try OTLPJSON.json(fromProtobuf: [0x0A, 3, 0x1A, 1], kind: .traces) }
    }
}
