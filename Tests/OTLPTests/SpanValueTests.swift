import OTLP
import Testing
import TraceModel
import WireFormat

@Suite struct SpanValueTests {
    @Test(
        "A value equals itself, a NaN too, wherever it stands; values of other bits or types differ",
        arguments: [
            .empty, .string("a"), .bool(false), .int(0), .double(0), .double(-0.0), .double(.nan), .bytes([]),
            .array([.double(.nan)]), .map([Attribute("k", .double(.nan))]), .array([]), .map([]),
            // Two spellings of one character.
            .string("\u{E9}"), .string("e\u{301}"), .map([Attribute("\u{E9}", .empty)]),
            .map([Attribute("e\u{301}", .empty)]),
        ] as [AttributeValue])
    func equality(value: AttributeValue) {
        let all: [AttributeValue] = [
            .empty, .string("a"), .bool(false), .int(0), .double(0), .double(-0.0), .double(.nan), .bytes([]),
            .array([.double(.nan)]), .map([Attribute("k", .double(.nan))]), .array([]), .map([]),
            // Two spellings of one character.
            .string("\u{E9}"), .string("e\u{301}"), .map([Attribute("\u{E9}", .empty)]),
            .map([Attribute("e\u{301}", .empty)]),
        ]
        #expect(all.count { $0 == value } == 1)
        #expect(Set(all + all).count == all.count)
    }

    static let resource = ResourceValue(
        [Attribute("service.name", .string("pay")), Attribute("ports", .array([.int(1), .empty]))],
        droppedAttributes: 1,
        schemaURL: "https://example.com/r")
    static let scope = ScopeValue(
        "lib", version: "1.2", attributes: [Attribute("k", .bool(false))], droppedAttributes: 2, schemaURL: "s")

    static let full = SpanValue(
        traceID: TraceID(high: 1, low: 2), spanID: SpanID(value: 3), parentSpanID: SpanID(value: 4), name: "GET /é",
        kind: .server, startUnixNano: 1_700_000_000_000_000_000, endUnixNano: .max,
        attributes: [
            Attribute("s", .string("")), Attribute("b", .bool(true)), Attribute("i", .int(-1)),
            Attribute("d", .double(0)),
            Attribute("y", .bytes([0, 255])), Attribute("e", .empty),
            Attribute("m", .map([Attribute("x", .array([.map([])]))])),
        ],
        events: [SpanEvent("retry", at: 5, attributes: [Attribute("n", .int(0))], droppedAttributes: 6)],
        links: [
            SpanLink(
                traceID: TraceID(high: 7, low: 8), spanID: SpanID(value: 9), traceState: "a=b", flags: 1,
                attributes: [Attribute("l", .string("v"))], droppedAttributes: 10)
        ],
        status: SpanStatus(.error, message: "boom"), traceState: "x=y", flags: 257, droppedAttributes: 11,
        droppedEvents: 12,
        droppedLinks: 13, resource: resource, scope: scope)

    @Test("Spans come back from the wire as they were written, every field of them")
    func roundTrip() throws {
        let bare = SpanValue(traceID: TraceID(high: 0, low: 5), spanID: SpanID(value: 6))
        var sibling = Self.full
        sibling.scope = ScopeValue()
        let spans = [Self.full, sibling, bare, Self.full]
        #expect(try decodeSpans(OTLPSpanWriter.encode(spans)) == spans)
    }

    @Test("Neighbours of one resource share their ResourceSpans")
    func sharing() throws {
        let one = OTLPSpanWriter.encode([Self.full])
        let two = OTLPSpanWriter.encode([Self.full, Self.full])
        #expect(two.count < one.count * 2 - 60)
    }

    @Test("A resource that stands behind its spans is theirs all the same")
    func lateResource() throws {
        // ResourceSpans { scope_spans { spans { name "n" } }, resource { attributes { key "service.name" … } } }
        var writer = ProtobufWriter()
        writer.message(1) { request in
            request.message(2) { scope in scope.message(2) { $0.string(5, "n") } }
            request.message(1) { resource in
                resource.message(1) { pair in
                    pair.string(1, "service.name")
                    pair.message(2) { $0.string(1, "late") }
                }
            }
        }
        let spans = try decodeSpans(writer.bytes)
        #expect(spans.map(\.serviceName) == ["late"])
        #expect(spans[0].traceID.isZero)
    }

    @Test("A trace id of a wrong length is an error that names field, length and offset")
    func wrongLength() {
        let message: [UInt8] = [0x0A, 7, 0x12, 5, 0x12, 3, 0x0A, 1, 0xFF]
        #expect(throws: WireError(.wrongLength(expected: 16, found: 1), at: 8, field: "span.trace_id")) {
            try decodeSpans(message)
        }
    }

    @Test("A name that is not UTF-8 is an error")
    func invalidUTF8() {
        let message: [UInt8] = [0x0A, 7, 0x12, 5, 0x12, 3, 0x2A, 1, 0xFF]
        #expect(throws: WireError(.invalidUTF8, at: 8, field: "span.name")) { try decodeSpans(message) }
    }

    @Test("Values nest 32 deep, no deeper")
    func depth() throws {
        func message(levels: Int) -> [UInt8] {
            var value: [UInt8] = []
            for _ in 1..<levels { value = wrap(5, wrap(1, value)) }
            let attribute = wrap(9, wrap(2, value))
            return wrap(1, wrap(2, wrap(2, attribute)))
        }
        #expect(try decodeSpans(message(levels: 32)).count == 1)
        for levels in [33, 5000] {
            #expect { try decodeSpans(message(levels: levels)) } throws: {
                ($0 as? WireError)?.reason == .nestedTooDeep(limit: 32)
            }
        }
    }

    @Test("Every cut of a message is an error or fewer spans, never a crash")
    func truncation() throws {
        let bytes = OTLPSpanWriter.encode([Self.full])
        for end in 1..<bytes.count {
            #expect(throws: WireError.self, "cut at \(end)") { try decodeSpans(Array(bytes[..<end])) }
        }
    }

    private func wrap(_ number: UInt32, _ content: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter(capacity: content.count + 8)
        writer.bytes(number, content)
        return writer.bytes
    }
}
