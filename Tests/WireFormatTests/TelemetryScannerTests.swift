import Testing
import TraceModel
import WireFormat

@Suite struct TelemetryScannerTests {
    private let first = TraceID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)
    private let second = TraceID(high: 0x0203_0405_0607_0809, low: 0x0A0B_0C0D_0E0F_1011)

    private func scanned(_ bytes: [UInt8], _ kind: SignalKind = .traces) throws -> TelemetryScanner {
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(bytes, as: kind)
        return scanner
    }

    private func error(_ bytes: [UInt8], _ kind: SignalKind = .traces) -> WireError? {
        var scanner = TelemetryScanner(collectsTraces: true)
        do {
            try scanner.scan(bytes, as: kind)
            return nil
        } catch {
            return error
        }
    }

    @Test("Spans, runs of one trace and services are counted")
    func counts() throws {
        let mine = Sample.span()
        let other = Sample.span(trace: Sample.otherTraceID)
        let bytes =
            Sample.resourceSpans(service: "cart", [mine, mine, other]) + Sample.resourceSpans(service: "cart", [other])
            + Sample.resourceSpans(service: "pay", [mine]) + Sample.resourceSpans([mine])
        let scanner = try scanned(bytes)
        #expect(scanner.items == 6)
        #expect(
            scanner.runs == [
                TraceRun(traceID: first, spans: 2), TraceRun(traceID: second, spans: 2),
                TraceRun(traceID: first, spans: 2),
            ])
        #expect(
            scanner.services == [
                ServiceCount(name: "cart", spans: 4), ServiceCount(name: "pay", spans: 1),
                ServiceCount(name: "", spans: 1),
            ])
        #expect(scanner.refusedCount == 0)
    }

    @Test("A scanner used again forgets the last message, also when that was malformed")
    func reuse() throws {
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(Sample.resourceSpans(service: "a", [Sample.span(), Sample.span(id: [])]), as: .traces)
        #expect(scanner.refusedCount == 1)
        try scanner.scan([UInt8](), as: .traces)
        #expect((scanner.items, scanner.runs.count, scanner.services.count) == (0, 0, 0))
        #expect((scanner.refused.count, scanner.refusedCount) == (0, 0))
        try scanner.scan(Sample.resourceSpans([Sample.span()]), as: .traces)
        #expect(throws: WireError.self) {
            try scanner.scan((Sample.resourceSpans([Sample.span()]) + [0x0A]), as: .traces)
        }
        #expect((scanner.items, scanner.runs.count, scanner.services.count) == (0, 0, 0))
    }

    @Test("Traces are collected on request only")
    func withoutTraces() throws {
        var scanner = TelemetryScanner(collectsTraces: false)
        try scanner.scan(Sample.resourceSpans([Sample.span()]), as: .traces)
        #expect(scanner.items == 1)
        #expect(scanner.runs.isEmpty)
    }

    @Test(
        "The resource may come behind its spans, its first service.name counts, and long names are cut at a character")
    func serviceNames() throws {
        let long = String(repeating: "x", count: 254) + "éé"
        let late = Sample.field(1, Sample.field(2, Sample.scope([Sample.span()])) + Sample.resource(service: "late"))
        let twice = Sample.field(
            1,
            Sample.resource(service: "one") + Sample.resource(service: "two")
                + Sample.field(2, Sample.scope([Sample.span()])))
        let scanner = try scanned(late + twice + Sample.resourceSpans(service: long, [Sample.span()]))
        #expect(scanner.services.map(\.name) == ["late", "one", String(repeating: "x", count: 254)])
    }

    @Test("More services than the bound are counted in one entry without a name")
    func manyServices() throws {
        let bytes = (0..<TelemetryScanner.maximumServices + 10).flatMap {
            Sample.resourceSpans(service: "s\($0)", [Sample.span()])
        }
        let scanner = try scanned(bytes)
        #expect(scanner.services.count == TelemetryScanner.maximumServices + 1)
        #expect(scanner.services.last == ServiceCount(name: "", spans: 10))
    }

    struct BadSpan: Sendable {
        var span: [UInt8]
        /// Relative to the span's first byte.
        var offset: Int
        var reason: String
    }

    @Test(
        "A span with ids that can't stand is refused alone, with a reason",
        arguments: [
            BadSpan(span: Sample.span(trace: nil), offset: 0, reason: "trace_id at byte 6: has 0 bytes, expected 16"),
            BadSpan(
                span: Sample.span(trace: Array(repeating: 7, count: 15)), offset: 2,
                reason: "trace_id at byte 8: has 15 bytes, expected 16"),
            BadSpan(
                span: Sample.span(trace: Array(repeating: 0, count: 16)), offset: 2,
                reason: "trace_id at byte 8: is all zero"),
            BadSpan(span: Sample.span(id: nil), offset: 0, reason: "span_id at byte 6: has 0 bytes, expected 8"),
            BadSpan(span: Sample.span(id: [1, 2]), offset: 20, reason: "span_id at byte 26: has 2 bytes, expected 8"),
            BadSpan(
                span: Sample.span(id: Array(repeating: 0, count: 8)), offset: 20,
                reason: "span_id at byte 26: is all zero"),
            BadSpan(
                span: Sample.span(parent: [1, 2, 3]), offset: 30,
                reason: "parent_span_id at byte 36: has 3 bytes, expected 8"),
            BadSpan(
                span: Sample.span(more: Sample.field(13, Sample.field(1, [9]))), offset: 39,
                reason: "links.trace_id at byte 45: has 1 bytes, expected 16"),
            BadSpan(
                span: Sample.span(more: Sample.field(13, Sample.field(2, [9, 9]))), offset: 39,
                reason: "links.span_id at byte 45: has 2 bytes, expected 8"),
        ])
    func refusesSpans(bad: BadSpan) throws {
        let scanner = try scanned(Sample.resourceSpans([bad.span, Sample.span()]))
        #expect((scanner.items, scanner.refusedCount) == (1, 1))
        #expect(
            scanner.refused == [
                RefusedItem(offset: 6 + bad.offset, reason: "resource_spans.scope_spans.spans." + bad.reason)
            ])
    }

    @Test("Root spans with an empty or zero parent, and links without ids, are fine")
    func acceptsRoots() throws {
        let spans = [
            Sample.span(parent: []), Sample.span(parent: Array(repeating: 0, count: 8)),
            Sample.span(more: Sample.field(13, Sample.field(3, "state=1"))),
            Sample.span(
                more: Sample.field(13, Sample.field(1, Sample.traceID) + Sample.field(2, Sample.spanID))),
        ]
        #expect(try scanned(Sample.resourceSpans(spans)).items == 4)
    }

    @Test("An id that occurs twice counts as its last occurrence, as protobuf says")
    func lastIDWins() throws {
        let span = Sample.field(1, [9]) + Sample.span()
        #expect(try scanned(Sample.resourceSpans([span])).items == 1)
    }

    @Test("Refused spans are listed up to the bound and counted beyond it")
    func boundsRefused() throws {
        let scanner = try scanned(Sample.resourceSpans(Array(repeating: [], count: 40)))
        #expect(scanner.refused.count == 16)
        #expect(scanner.refusedCount == 40)
        #expect(scanner.items == 0)
    }

    @Test("Data points of every metric and log records are counted")
    func metricsAndLogs() throws {
        // Gauge, sum, histogram, exponential histogram and summary: field numbers of their metric.
        let metrics = [5, 7, 9, 10, 11].flatMap { number in
            Sample.field(2, Sample.field(UInt32(number), Sample.field(1, []) + Sample.field(1, [])))
        }
        let request = Sample.field(1, Sample.resource(service: "m") + Sample.field(2, metrics))
        let scanner = try scanned(request, .metrics)
        #expect(scanner.items == 10)
        #expect(scanner.services == [ServiceCount(name: "m", spans: 10)])

        let record = Sample.field(2, Sample.field(5, Sample.field(1, "text")))
        let logs = Sample.field(1, Sample.resource(service: "l") + Sample.field(2, record + record))
        #expect(try scanned(logs, .logs).items == 2)
        #expect(try scanned(logs, .logs).services == [ServiceCount(name: "l", spans: 2)])
    }

    @Test("Repeated numbers may come packed or one by one")
    func packed() throws {
        func request(_ point: [UInt8], metric: UInt32) -> [UInt8] {
            Sample.field(1, Sample.field(2, Sample.field(2, Sample.field(metric, Sample.field(1, point)))))
        }
        let eight: [UInt8] = Array(repeating: 1, count: 8)
        #expect(try scanned(request(Sample.field(6, eight + eight), metric: 9), .metrics).items == 1)
        #expect(try scanned(request([6 << 3 | 1] + eight, metric: 9), .metrics).items == 1)
        let buckets = Sample.field(8, Sample.field(2, [1, 0x80, 1]) + [0x10, 5])
        #expect(try scanned(request(buckets, metric: 10), .metrics).items == 1)

        let path = "resource_metrics.scope_metrics.metrics"
        #expect(
            error(request(Sample.field(6, [1, 2, 3]), metric: 9), .metrics)
                == WireError(
                    .truncated(needed: 8, available: 3), at: 12, field: path + ".histogram.data_points.bucket_counts"))
        #expect(
            error(request(Sample.field(8, Sample.field(2, [1, 0x80])), metric: 10), .metrics)
                == WireError(
                    .truncated(needed: 2, available: 1), at: 15,
                    field: path + ".exponential_histogram.data_points.positive.bucket_counts"))
    }

    struct Malformed: Sendable {
        var span: [UInt8]
        var error: WireError
        init(_ span: [UInt8], _ reason: WireError.Reason, at offset: Int, _ field: String) {
            self.span = span
            error = WireError(reason, at: offset, field: "resource_spans.scope_spans.spans" + field)
        }
    }

    @Test(
        "A malformed message is refused whole, with the byte and the field",
        arguments: [
            Malformed([0x0A], .truncated(needed: 1, available: 0), at: 7, ".trace_id"),
            Malformed([0x0A, 5, 1], .truncated(needed: 5, available: 1), at: 7, ".trace_id"),
            Malformed([0x08, 5], .wrongWireType(expected: .bytes, found: .varint), at: 6, ".trace_id"),
            Malformed([0x39, 1, 2], .truncated(needed: 8, available: 2), at: 7, ".start_time_unix_nano"),
            Malformed([0x85, 0x01, 2], .truncated(needed: 4, available: 1), at: 8, ".flags"),
            Malformed([0x80, 0x01, 2], .wrongWireType(expected: .fixed32, found: .varint), at: 6, ".flags"),
            Malformed([0x2A, 2, 0xC3, 0x28], .invalidUTF8, at: 8, ".name"),
            Malformed([0x7A, 2, 0x12, 1], .truncated(needed: 1, available: 0), at: 9, ".status.message"),
            Malformed([0x4A, 4, 0x12, 2, 0x0B, 1], .unsupportedWireType(3), at: 10, ".attributes.value.string_value"),
            Malformed([0x00, 1], .invalidFieldNumber, at: 6, ""),
            Malformed([0xF3, 0x3F], .unsupportedWireType(3), at: 6, ".1022"),
            Malformed([0xFA, 0x3F, 9], .truncated(needed: 9, available: 0), at: 8, ".1023"),
            Malformed([0x80], .truncated(needed: 2, available: 1), at: 6, ""),
            Malformed([0x80, 0x80, 0x80, 0x80, 0x80, 0x00], .invalidFieldNumber, at: 6, ""),
            Malformed([0x88, 0x80, 0x80, 0x80, 0x10, 1], .invalidFieldNumber, at: 6, ".536870913"),
            Malformed([0x30, 0x80], .truncated(needed: 2, available: 1), at: 7, ".kind"),
            Malformed(
                [0x30] + Array(repeating: 0x80, count: 9) + [2], .overlongVarint, at: 7, ".kind"),
            Malformed(
                [0x30] + Array(repeating: 0x80, count: 10) + [1], .overlongVarint, at: 7, ".kind"),
            Malformed(
                [0x2A, 0x80, 0x80, 0x80, 0x80, 0x80, 0], .overlongVarint, at: 7, ".name"),
            Malformed(
                [0x2A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .truncated(needed: 0xFFFF_FFFF, available: 0), at: 7, ".name"),
        ])
    func refusesMalformed(bad: Malformed) {
        #expect(error(Sample.resourceSpans([bad.span])) == bad.error)
    }

    @Test("Unknown fields of all wire types pass, whatever is in them")
    func passesUnknownFields() throws {
        let unknown = Sample.message { writer in
            writer.varint(900, .max)
            writer.fixed64(901, 1)
            writer.fixed32(902, 1)
            writer.bytes(903, [0xFF, 0x0B])
            writer.varint(20, 1)
        }
        let bytes = unknown + Sample.resourceSpans([unknown + Sample.span(more: unknown)])
        #expect(try scanned(bytes).items == 1)
    }

    /// A span with an attribute of `count` arrays in each other.
    private func nested(_ count: Int, field: UInt32 = 5) -> [UInt8] {
        var value = Sample.field(1, "x")
        for _ in 0..<count {
            // An array holds values; a list holds keys with values.
            value = Sample.field(field, Sample.field(1, field == 5 ? value : Sample.field(2, value)))
        }
        return Sample.resourceSpans([Sample.span(more: Sample.field(9, Sample.field(2, value)))])
    }

    @Test("Messages may nest 32 deep, and not one deeper")
    func limitsDepth() throws {
        // Request, ResourceSpans, ScopeSpans, Span, KeyValue and AnyValue are 6; an array and its value are 2.
        #expect(try scanned(nested(13)).items == 1)
        #expect(error(nested(14))?.reason == .nestedTooDeep(limit: 32))
        #expect(try scanned(nested(8, field: 6)).items == 1)
        #expect(error(nested(9, field: 6))?.reason == .nestedTooDeep(limit: 32))
        #expect(error(nested(5000))?.reason == .nestedTooDeep(limit: 32))
        var shallow = TelemetryScanner(collectsTraces: false, maximumDepth: 3)
        #expect(throws: WireError(.nestedTooDeep(limit: 3), at: 4, field: "resource_spans.scope_spans.spans")) {
            try shallow.scan(Sample.resourceSpans([[]]), as: .traces)
        }
    }

    @Test("Every truncation of a message is refused, or is a shorter message that ends between two fields")
    func truncations() throws {
        let bytes = Sample.resourceSpans(service: "a", [Sample.span()])
        for count in 1..<bytes.count {
            #expect(error(Array(bytes.prefix(count))) != nil, "\(count) bytes")
        }
        #expect(error([]) == nil)
    }
}
