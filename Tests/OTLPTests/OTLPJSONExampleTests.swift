import OTLP
import Testing
import WireFormat

/// Hand-written requests with the bytes they must become.
@Suite struct OTLPJSONExampleTests {
    private func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }

    /// The bytes of `text`, in both directions where `isCanonical`.
    private func check(_ text: String, _ kind: SignalKind, _ expected: [UInt8], isCanonical: Bool = true) throws {
        #expect(try OTLPJSON.protobuf(fromJSON: Array(text.utf8), kind: kind) == expected)
        guard isCanonical else { return }
        #expect(String(decoding: try OTLPJSON.json(fromProtobuf: expected, kind: kind), as: UTF8.self) == text)
    }

    @Test("A span: ids in hexadecimal, times as strings, kind and status as numbers")
    func span() throws {
        let text =
            #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pay"}}]},"#
            + #""scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","#
            + #""spanId":"eee19b7ec3c1b174","name":"a\nb","kind":2,"startTimeUnixNano":"1544712660000000000","#
            + #""events":[{"name":"e"}],"status":{"code":2},"flags":1}]}]}]}"#
        let expected = message { request in
            request.message(1) { resourceSpans in
                resourceSpans.message(1) { resource in
                    resource.message(1) { pair in
                        pair.string(1, "service.name")
                        pair.message(2) { $0.string(1, "pay") }
                    }
                }
                resourceSpans.message(2) { scopeSpans in
                    scopeSpans.message(1) { $0.string(1, "lib") }
                    scopeSpans.message(2) { span in
                        span.bytes(
                            1,
                            [
                                0x5B, 0x8E, 0xFF, 0xF7, 0x98, 0x03, 0x81, 0x03, 0xD2, 0x69, 0xB6, 0x33, 0x81, 0x3F,
                                0xC6,
                                0x0C,
                            ])
                        span.bytes(2, [0xEE, 0xE1, 0x9B, 0x7E, 0xC3, 0xC1, 0xB1, 0x74])
                        span.string(5, "a\nb")
                        span.varint(6, 2)
                        span.fixed64(7, 1_544_712_660_000_000_000)
                        span.message(11) { $0.string(2, "e") }
                        span.message(15) { $0.varint(3, 2) }
                        span.fixed32(16, 1)
                    }
                }
            }
        }
        try check(text, .traces, expected)
    }

    @Test(
        "Other spellings of the same request are the same bytes",
        arguments: [
            #"{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"AB","kind":3,"end_time_unix_nano":"7"}]}]}]}"#,
            #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"ab","kind":"SPAN_KIND_CLIENT","endTimeUnixNano":7}]}]}]}"#,
            #"{"new":{"a":[1,{"b":null}]},"resourceSpans":[{"resource":null,"scopeSpans":[{"spans":[{"x":1,"traceId":"\u0061b","#
                + #""kind":3.0,"name":"","attributes":[],"droppedLinksCount":0,"endTimeUnixNano":7e0}]}]}]}"#,
        ])
    func spellings(text: String) throws {
        let expected: [UInt8] =
            [0x0A, 18, 0x12, 16, 0x12, 14, 0x0A, 1, 0xAB, 0x30, 3, 0x41, 7, 0, 0, 0, 0, 0, 0, 0]
        try check(text, .traces, expected, isCanonical: false)
    }

    @Test(
        "An AnyValue keeps which case is set, default or not",
        arguments: [
            (#"{}"#, []),
            (#"{"stringValue":""}"#, [0x0A, 0]),
            (#"{"boolValue":false}"#, [0x10, 0]),
            (#"{"intValue":"0"}"#, [0x18, 0]),
            (#"{"intValue":"-1"}"#, [0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
            (#"{"intValue":"9223372036854775807"}"#, [0x18, 255, 255, 255, 255, 255, 255, 255, 255, 127]),
            (#"{"doubleValue":0.0}"#, [0x21, 0, 0, 0, 0, 0, 0, 0, 0]),
            (#"{"doubleValue":-0.0}"#, [0x21, 0, 0, 0, 0, 0, 0, 0, 0x80]),
            (#"{"doubleValue":"NaN"}"#, [0x21, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F]),
            (#"{"doubleValue":"-Infinity"}"#, [0x21, 0, 0, 0, 0, 0, 0, 0xF0, 0xFF]),
            (#"{"arrayValue":{}}"#, [0x2A, 0]),
            (#"{"arrayValue":{"values":[{},{"intValue":"1"}]}}"#, [0x2A, 6, 0x0A, 0, 0x0A, 2, 0x18, 1]),
            (#"{"kvlistValue":{"values":[{"key":"k","value":{}}]}}"#, [0x32, 7, 0x0A, 5, 0x0A, 1, 0x6B, 0x12, 0]),
            (#"{"bytesValue":""}"#, [0x3A, 0]),
            (#"{"bytesValue":"+/8="}"#, [0x3A, 2, 0xFB, 0xFF]),
        ] as [(String, [UInt8])])
    func anyValue(text: String, expected: [UInt8]) throws {
        let body = message { request in
            request.message(1) { $0.message(2) { $0.message(2) { $0.bytes(5, expected) } } }
        }
        try check(#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":"# + text + "}]}]}]}", .logs, body)
    }

    @Test("Base64 is read in both alphabets, padded or not", arguments: ["+/8=", "-_8=", "+/8", "-_8"])
    func base64(text: String) throws {
        let json = #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"bytesValue":""# + text + #""}}]}]}]}"#
        let expected: [UInt8] = [0x0A, 10, 0x12, 8, 0x12, 6, 0x2A, 4, 0x3A, 2, 0xFB, 0xFF]
        try check(json, .logs, expected, isCanonical: false)
    }

    @Test("Metrics keep the presence of optional fields, and pack numbers")
    func histogram() throws {
        let text =
            #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"h","histogram":{"dataPoints":[{"count":"3","#
            + #""sum":0.0,"bucketCounts":["1","2"],"explicitBounds":[0.5],"max":2.0}],"aggregationTemporality":2}}]}]}]}"#
        let expected = message { request in
            request.message(1) { resource in
                resource.message(2) { scope in
                    scope.message(2) { metric in
                        metric.string(1, "h")
                        metric.message(9) { histogram in
                            histogram.message(1) { point in
                                point.fixed64(4, 3)
                                point.double(5, 0)
                                point.bytes(6, [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
                                point.bytes(7, [0, 0, 0, 0, 0, 0, 0xE0, 0x3F])
                                point.double(12, 2)
                            }
                            histogram.varint(2, 2)
                        }
                    }
                }
            }
        }
        try check(text, .metrics, expected)
    }

    @Test("A gauge keeps an int of zero; an exponential histogram folds its signs")
    func gauge() throws {
        let gauge = #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"asInt":"0"}]}}]}]}]}"#
        try check(
            gauge, .metrics,
            [0x0A, 17, 0x12, 15, 0x12, 13, 0x2A, 11, 0x0A, 9, 0x31, 0, 0, 0, 0, 0, 0, 0, 0])
        let exponential =
            #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[{"scale":-3,"#
            + #""positive":{"offset":2147483647,"bucketCounts":["300"]}}]}}]}]}]}"#
        let point: [UInt8] = [0x30, 5, 0x42, 10, 0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0x12, 2, 0xAC, 2]
        try check(
            exponential, .metrics,
            [0x0A, 22, 0x12, 20, 0x12, 18, 0x52, 16, 0x0A, 14] + point)
    }

    @Test("Fields that are scattered, repeated or unpacked on the wire are gathered as protobuf says")
    func scattered() throws {
        // Two resources of one ResourceSpans merge; the last schema_url counts; the other case of an AnyValue is forgotten.
        let bytes = message { request in
            request.message(1) { spans in
                spans.string(3, "old")
                spans.message(1) { $0.varint(2, 5) }
                spans.message(2) { scope in scope.string(3, "one") }
                spans.message(1) { resource in
                    resource.message(1) { pair in
                        pair.string(1, "k")
                        pair.message(2) { value in
                            value.string(1, "lost")
                            value.varint(3, 7)
                        }
                    }
                }
                spans.message(2) { scope in scope.string(3, "two") }
                spans.varint(99, 1)
                spans.string(3, "new")
            }
        }
        #expect(
            String(decoding: try OTLPJSON.json(fromProtobuf: bytes, kind: .traces), as: UTF8.self)
                == #"{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"intValue":"7"}}],"#
                + #""droppedAttributesCount":5},"scopeSpans":[{"schemaUrl":"one"},{"schemaUrl":"two"}],"schemaUrl":"new"}]}"#
        )
        let unpacked: [UInt8] = [0x52, 10, 0x0A, 8, 0x42, 6, 0x10, 1, 0x12, 2, 2, 3]
        let request = message { $0.message(1) { $0.message(2) { $0.bytes(2, unpacked) } } }
        #expect(
            String(decoding: try OTLPJSON.json(fromProtobuf: request, kind: .metrics), as: UTF8.self)
                .contains(#""bucketCounts":["1","2","3"]"#))
    }

    @Test("An empty request is empty in both forms", arguments: SignalKind.allCases)
    func empty(kind: SignalKind) throws {
        try check("{}", kind, [])
    }
}
