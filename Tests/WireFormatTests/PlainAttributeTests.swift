import Testing
import WireFormat

/// Attributes that the scanner passes a short way, and their neighbours that it must not.
@Suite struct PlainAttributeTests {
    private func scan(_ attributes: [UInt8]...) -> WireError? {
        var scanner = TelemetryScanner(collectsTraces: false)
        let fields = attributes.flatMap { Sample.field(9, $0) }
        do {
            try scanner.scan(Sample.resourceSpans([Sample.span(more: fields)]), as: .traces)
            return nil
        } catch {
            return error
        }
    }

    private func attribute(key: [UInt8] = [0x6B], value: [UInt8]) -> [UInt8] {
        Sample.field(1, key) + Sample.field(2, value)
    }

    @Test("Strings of all lengths around the borders of the short way pass")
    func lengths() {
        for count in [0, 1, 7, 8, 9, 123, 124, 125, 126, 127, 128, 129, 130, 300] {
            let text = [UInt8](repeating: 0x61, count: count)
            #expect(scan(attribute(value: Sample.field(1, text))) == nil, "value of \(count)")
            #expect(scan(attribute(key: text, value: Sample.field(1, text))) == nil, "key of \(count)")
        }
    }

    @Test(
        "Every type of value passes, also empty, also before its key, also twice",
        arguments: [
            [], [0x10, 1], [0x18, 0xC8, 0x01], [0x18] + [UInt8](repeating: 0xFF, count: 9) + [1],
            [0x21, 1, 2, 3, 4, 5, 6, 7, 8], [0x2A, 0], [0x32, 0], [0x3A, 1, 0xFF], [0x18, 1, 0x18, 2],
            [0x0A, 0, 0x10, 1],
        ] as [[UInt8]])
    func values(value: [UInt8]) {
        #expect(scan(attribute(value: value)) == nil)
        #expect(scan(Sample.field(2, value) + Sample.field(1, "k")) == nil)
        #expect(scan(attribute(value: value) + attribute(value: value)) == nil)
    }

    struct Bad: Sendable {
        var attribute: [UInt8]
        var reason: WireError.Reason
        var field: String
    }

    @Test(
        "A fault in an attribute is found whether or not the attribute looks usual",
        arguments: [
            Bad(attribute: [0x0A, 1, 0xFF, 0x12, 2, 0x0A, 0], reason: .invalidUTF8, field: "key"),
            Bad(attribute: [0x0A, 1, 0x6B, 0x12, 3, 0x0A, 1, 0xFF], reason: .invalidUTF8, field: "value.string_value"),
            Bad(
                attribute: [0x0A, 1, 0x6B, 0x12, 2, 0x0A, 1], reason: .truncated(needed: 1, available: 0),
                field: "value.string_value"),
            Bad(
                attribute: [0x0A, 1, 0x6B, 0x12, 2, 0x18, 0x80], reason: .truncated(needed: 2, available: 1),
                field: "value.int_value"),
            Bad(
                attribute: [0x0A, 1, 0x6B, 0x12, 3, 0x21, 1, 2], reason: .truncated(needed: 8, available: 2),
                field: "value.double_value"),
            Bad(
                attribute: [0x0A, 1, 0x6B, 0x12, 9, 0x0A, 0], reason: .truncated(needed: 9, available: 2),
                field: "value"),
            Bad(
                attribute: [0x0A, 9, 0x6B, 0x12, 2, 0x0A, 0], reason: .truncated(needed: 9, available: 5), field: "key"),
            Bad(
                attribute: [0x0A, 1, 0x6B, 0x12, 2, 0x08, 1],
                reason: .wrongWireType(expected: .bytes, found: .varint), field: "value.string_value"),
        ])
    func faults(bad: Bad) {
        let error = scan(bad.attribute)
        #expect(error?.reason == bad.reason)
        #expect(error?.field == "resource_spans.scope_spans.spans.attributes." + bad.field)
        // Among others, which are passed in a row.
        let usual = attribute(key: Array("some.key".utf8), value: Sample.field(1, "and its text"))
        let among = scan(usual, usual, bad.attribute, usual)
        #expect(among?.reason == bad.reason)
        #expect(among?.field == error?.field)
    }

    @Test("A row of attributes ends with its span: what follows is not taken for one")
    func endOfRow() throws {
        let usual = Sample.field(9, attribute(value: Sample.field(1, "text")))
        var scanner = TelemetryScanner(collectsTraces: false)
        let spans = [Sample.span(more: usual + usual), Sample.span(id: [], more: usual), Sample.span(more: usual)]
        try scanner.scan(Sample.resourceSpans(spans), as: .traces)
        #expect((scanner.items, scanner.refusedCount) == (2, 1))
        // The last one's length reaches beyond its span.
        var bytes = Sample.resourceSpans([Sample.span(more: usual + usual)])
        bytes[bytes.count - usual.count + 1] += 1
        #expect(throws: WireError.self) { try scanner.scan(bytes, as: .traces) }
    }

    @Test("Text that is not ASCII passes where it is UTF-8, in keys and in values")
    func otherText() {
        for text in ["ä", "grüße, länger als acht", String(repeating: "語", count: 30)] {
            #expect(scan(attribute(key: Array(text.utf8), value: Sample.field(1, "plain"))) == nil)
            #expect(scan(attribute(value: Sample.field(1, text))) == nil)
            let cut = Array(text.utf8.dropLast())
            // Each is half of a character, so that together they would be whole.
            let fault = scan(attribute(key: cut, value: Sample.field(1, [0x80] + Array("rest".utf8))))
            #expect(fault?.reason == .invalidUTF8)
        }
    }
}
