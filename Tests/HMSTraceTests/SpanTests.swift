@testable import HMSTrace
import Testing
import TraceModel

private struct Refused: Error, CustomStringConvertible { var description: String { "policy P-7 says no" } }

/// A tracer whose spans arrive at a socket of this test alone.
private struct Fixture {
    let sidecar: SidecarSocket
    let tracer: Tracer

    init(_ change: (inout TracerOptions) -> Void = { _ in }) throws {
        sidecar = try SidecarSocket()
        var options = TracerOptions(service: "test-service", sidecar: sidecar.address)
        change(&options)
        tracer = Tracer(options, largeMessages: nil)
    }

    func spans() throws -> [String: ReceivedSpan] {
        #expect(tracer.flush(timeout: .seconds(20)))
        let all = try sidecar.receiveAll().flatMap(\.request.spans)
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    }
}

@Suite struct SpanTests {
    @Test("A span arrives with its name, kind, times, attributes, events, links, status and flags")
    func everything() throws {
        let fixture = try Fixture { $0.resourceAttributes = ["service.version": "1.2", "host.name": "h"] }
        let before = SpanInstant.now
        let linked = TraceContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(value: 3), flags: [])
        let rows = 42
        fixture.tracer.withSpan("query", ofKind: .client) { span in
            span.attributes["hms.mcp.tool"] = "search_claims"
            span.attributes["rows"] = rows
            span.attributes["share"] = 0.5
            span.attributes["cached"] = false
            span.attributes["ids"] = ["a", "b"]
            span.attributes["gone"] = 1
            span.attributes["gone"] = nil
            span.setAttribute("hms.a2a.envelope_id", "env-1")
            span.addEvent("retry", attributes: ["attempt": 2])
            span.addLink(linked)
            span.setStatus(SpanStatus(code: .ok))
            span.operationName = "SELECT plans"
        }
        #expect(fixture.tracer.flush(timeout: .seconds(20)))
        let datagrams = try fixture.sidecar.receiveAll()
        try #require(datagrams.count == 1)
        let request = datagrams[0].request
        #expect(request.resource["service.name"] == "s:test-service")
        #expect(request.resource["service.version"] == "s:1.2" && request.resource["host.name"] == "s:h")
        #expect(request.resource["process.pid"]?.hasPrefix("i:") == true)
        #expect(request.scope == ["name": "HMSTrace", "version": HMSTrace.version])
        try #require(request.spans.count == 1)
        let span = request.spans[0]
        #expect(span.name == "SELECT plans" && span.kind == 3 && span.status == 1 && span.flags == 1)
        #expect(span.trace.utf8.count == 32 && span.id.utf8.count == 16 && span.parent == "")
        #expect(
            span.attributes == [
                "hms.mcp.tool": "s:search_claims", "rows": "i:42", "share": "d:0.5", "cached": "b:0",
                "ids": "[s:a,s:b]",
                "hms.a2a.envelope_id": "s:env-1",
            ])
        #expect(span.events.map(\.name) == ["retry"] && span.events[0].attributes == ["attempt": "i:2"])
        #expect(span.links == ["00000000000000010000000000000002-0000000000000003-0"])
        #expect(before.nanosecondsSinceEpoch <= span.start && span.start <= span.end)
    }

    @Test("Spans begin below the current one, over awaits and in child tasks; siblings do not")
    func parenthood() async throws {
        let fixture = try Fixture()
        let tracer = fixture.tracer
        await tracer.withSpan("root") { _ in
            await tracer.withSpan("awaited") { _ in
                await Task.yield()
                tracer.withSpan("sync below awaited") { _ in }
            }
            async let one: Void = tracer.withSpan("async let") { _ in await Task.yield() }
            await withTaskGroup { group in
                for number in 0..<3 {
                    group.addTask { await tracer.withSpan("child \(number)") { _ in await Task.yield() } }
                }
            }
            await Task { tracer.withSpan("unstructured") { _ in } }.value
            await Task.detached { tracer.withSpan("detached") { _ in } }.value
            await one
        }
        tracer.withSpan("next") { _ in }
        let spans = try fixture.spans()
        let root = try #require(spans["root"])
        #expect(root.parent == "")
        for name in ["awaited", "async let", "child 0", "child 1", "child 2", "unstructured"] {
            #expect(spans[name]?.parent == root.id && spans[name]?.trace == root.trace, "\(name)")
        }
        #expect(spans["sync below awaited"]?.parent == spans["awaited"]?.id)
        for name in ["detached", "next"] {
            #expect(spans[name]?.parent == "" && spans[name]?.trace != root.trace, "\(name)")
        }
        #expect(spans.count == 10)
    }

    @Test("A thrown error makes the span an error, stands as an event, and is thrown on")
    func errors() async throws {
        let fixture = try Fixture()
        #expect(throws: Refused.self) { try fixture.tracer.withSpan("sync") { _ in throw Refused() } }
        await #expect(throws: Refused.self) {
            try await fixture.tracer.withSpan("async") { _ in
                await Task.yield()
                throw Refused()
            }
        }
        #expect(throws: Refused.self) {
            try fixture.tracer.withSpan("handled") { span in
                span.setStatus(SpanStatus(code: .ok, message: "expected"))
                throw Refused()
            }
        }
        let spans = try fixture.spans()
        for name in ["sync", "async"] {
            let span = try #require(spans[name])
            #expect(span.status == 2 && span.statusMessage == "policy P-7 says no")
            #expect(span.events.map(\.name) == ["exception"])
            #expect(span.events.first?.attributes["exception.message"] == "s:policy P-7 says no")
            #expect(span.events.first?.attributes["exception.type"]?.contains("Refused") == true)
        }
        #expect(spans["handled"]?.status == 1)
    }

    @Test("A request's context becomes the parent, foreign traces become links, bad headers are counted")
    func extraction() throws {
        let fixture = try Fixture()
        let trace = "0af7651916cd43dd8448eb211c80319c"
        let other = "4bf92f3577b34da6a3ce929d0e0e4736"
        var context = ServiceContext.topLevel
        fixture.tracer.extract(
            [
                "x-hms-trace-id": "\(trace)-b7ad6b7169203331-01", "traceparent": "00-\(other)-00f067aa0ba902b7-01",
                "b3": "nonsense",
            ], into: &context, using: DictionaryCarrier())
        var carrier: [String: String] = [:]
        fixture.tracer.withSpan("served", context: context, ofKind: .server) { span in
            fixture.tracer.inject(span.context, into: &carrier, using: DictionaryCarrier())
            fixture.tracer.withSpan("below") { _ in }
        }
        let spans = try fixture.spans()
        let served = try #require(spans["served"])
        #expect(served.trace == trace && served.parent == "b7ad6b7169203331" && served.kind == 2)
        #expect(served.links == ["\(other)-00f067aa0ba902b7-1"])
        #expect(spans["below"]?.parent == served.id && spans["below"]?.links == [])
        #expect(
            carrier == ["x-hms-trace-id": "\(trace)-\(served.id)-01", "traceparent": "00-\(trace)-\(served.id)-01"])
        #expect(fixture.tracer.statistics.headerProblems == ["traceparent: conflict": 1, "b3: malformed": 1])
    }

    @Test("An unsampled trace is not recorded, and travels on as it came")
    func unsampled() throws {
        let fixture = try Fixture()
        let header = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        let context = fixture.tracer.extract { $0 == "x-hms-trace-id" ? [header] : [] }
        var written: [String: String] = [:]
        fixture.tracer.withSpan("outer", context: context) { span in
            #expect(!span.isRecording)
            span.attributes["a"] = 1
            fixture.tracer.withSpan("inner") { span in
                fixture.tracer.inject(span.context) { written[$0] = $1 }
            }
        }
        #expect(written["x-hms-trace-id"] == header)
        #expect(try fixture.spans().isEmpty)
        #expect(fixture.tracer.statistics == TracerStatistics())
    }

    @Test("A caller's decision without a trace, and the tracer's own share, decide about new traces")
    func sampling() throws {
        let never = try Fixture { $0.sampling = .never }
        never.tracer.withSpan("not recorded") { span in
            #expect(span.context.trace?.isSampled == false && span.context.trace?.spanID != nil)
        }
        never.tracer.withSpan("asked for", context: never.tracer.extract { $0 == "b3" ? ["1"] : [] }) { _ in }
        #expect(try Set(never.spans().keys) == ["asked for"])
        let always = try Fixture()
        always.tracer.withSpan("unwanted", context: always.tracer.extract { $0 == "b3" ? ["0"] : [] }) { _ in }
        #expect(try always.spans().isEmpty)
        #expect(Sampling.ratio(0.5).records(TraceID(high: 0, low: 1 << 52 - 1)))
        #expect(!Sampling.ratio(0.5).records(TraceID(high: 0, low: 1 << 52)))
        #expect(
            Sampling.ratio(1).records(TraceID(high: 0, low: .max))
                && !Sampling.ratio(0).records(TraceID(high: 0, low: 1)))
    }

    @Test("Without a tracer spans record nothing and contexts pass through")
    func disabled() {
        let context = ServiceContext(trace: TraceContext(traceID: TraceID(high: 1, low: 1), spanID: SpanID(value: 7)))
        Tracer.disabled.withSpan("x", context: context) { span in
            #expect(!span.isRecording)
            #expect(span.context.trace == context.trace)
            #expect(ServiceContext.current?.trace == context.trace)
        }
        #expect(Tracer.disabled.flush() && Tracer.disabled.shutdown())
    }

    @Test("What is too much for one span is cut and counted")
    func limits() throws {
        let fixture = try Fixture()
        fixture.tracer.withSpan("large") { span in
            for number in 0..<200 { span.attributes["k\(number)"] = number }
            for _ in 0..<130 { span.addEvent("e") }
            for number in 0..<131 {
                span.addLink(TraceContext(traceID: TraceID(high: 1, low: UInt64(number)), spanID: SpanID(value: 1)))
            }
        }
        let span = try #require(try fixture.spans()["large"])
        #expect(span.attributes.count == 128 && span.droppedAttributes == 72)
        #expect(span.events.count == 128 && span.droppedEvents == 2)
        #expect(span.links.count == 128 && span.droppedLinks == 3)
    }

    @Test("A long text is cut before a character, not within")
    func clipping() {
        #expect(SpanEncoder.clipped("aé漢", to: 2) == "a")
        #expect(SpanEncoder.clipped("aé漢", to: 3) == "aé")
        #expect(SpanEncoder.clipped("aé漢", to: 5) == "aé")
        #expect(SpanEncoder.clipped("aé漢", to: 6) == "aé漢")
    }

    @Test("Ending twice sends once; a span that is never ended is counted as abandoned")
    func ending() throws {
        let fixture = try Fixture()
        let span = fixture.tracer.startSpan("once")
        span.end()
        span.attributes["late"] = 1
        span.end()
        #expect(!span.isRecording)
        _ = fixture.tracer.startSpan("never ended")
        #expect(try fixture.spans().count == 1)
        #expect(fixture.tracer.statistics.abandoned == 1 && fixture.tracer.statistics.ended == 1)
    }

    @Test("A start and an end given by hand are taken, an end before the start is not")
    func explicitTimes() throws {
        let fixture = try Fixture()
        let start = SpanInstant(nanosecondsSinceEpoch: 1_000)
        fixture.tracer.startSpan("good", at: start).end(at: SpanInstant(nanosecondsSinceEpoch: 5_000))
        fixture.tracer.startSpan("bad", at: start).end(at: SpanInstant(nanosecondsSinceEpoch: 5))
        let spans = try fixture.spans()
        #expect(spans["good"]?.start == 1_000 && spans["good"]?.end == 5_000)
        #expect(spans["bad"]?.start == 1_000 && spans["bad"]?.end == 1_000)
    }
    @Test("A span whose start was given ends when it is ended, not as long after its start as it lived")
    func givenStart() throws {
        let fixture = try Fixture()
        let before = SpanInstant.now
        let future = SpanInstant(nanosecondsSinceEpoch: before.nanosecondsSinceEpoch + 3_600_000_000_000)
        fixture.tracer.startSpan("past", at: SpanInstant(nanosecondsSinceEpoch: 1_000)).end()
        fixture.tracer.startSpan("future", at: future).end()
        let spans = try fixture.spans()
        #expect(spans["past"]?.start == 1_000)
        #expect(try #require(spans["past"]?.end) >= before.nanosecondsSinceEpoch)
        #expect(spans["future"]?.end == future.nanosecondsSinceEpoch)
    }
}
