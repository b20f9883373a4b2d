import HTTP
import JSON
import Querying
import Testing
import TraceModel
import WireFormat

@Suite("The read API answers with what was stored")
struct QueryServiceTests {
    private func get(
        _ source: MemorySource, _ target: String, method: String = "GET", accept: String? = nil,
        limits: QueryLimits = QueryLimits()
    ) -> HTTPResponse {
        let parts = target.split(separator: "?", maxSplits: 1)
        var headers = HTTPHeaders()
        if let accept { headers.add("accept", accept) }
        let head = RequestHead(
            method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "", headers: headers)
        return QueryService(source: source, limits: limits).respond(to: head)
    }

    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    /// gateway → payments, the second slow and failed, with one of each kind of content.
    private func sampleSource() -> MemorySource {
        let source = MemorySource()
        let gateway = message(service: "gateway") { writer in
            writer.span(1, "GET /pay", 1_000, 2_000)
        }
        let payments = message(service: "payments") { writer in
            writer.span(2, under: 1, "charge", 1_100, 1_900) { writer in
                writer.message(9) { writer in
                    writer.string(1, "retries")
                    writer.message(2) { $0.varint(3, 7) }
                }
                writer.message(11) { writer in
                    writer.fixed64(1, 1_500)
                    writer.string(2, "retry")
                }
                writer.message(13) { writer in
                    writer.bytes(1, TraceID(high: 1, low: 2).bytes)
                    writer.bytes(2, SpanID(value: 3).bytes)
                }
                writer.message(15) { writer in
                    writer.string(2, "card \"declined\"")
                    writer.varint(3, 2)
                }
                writer.string(77, "from the future")
            }
        }
        source.add(sampleID, gateway + payments)
        return source
    }

    @Test("A trace by id is its tree, in depth-first order")
    func tree() {
        let response = get(sampleSource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.headers["x-content-type-options"] == "nosniff")
        let expected =
            #"{"trace":{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","rootSpanId":"0000000000000001","#
            + #""rootService":"gateway","rootName":"GET /pay","start":"1000","end":"2000","durationNs":1000,"#
            + #""criticalNs":1000,"spanCount":2,"errorCount":1,"missingCount":0,"duplicateCount":0,"conflictCount":0,"#
            + #""maxDepth":1,"nodeCount":2,"offset":0,"services":[{"name":"gateway","spans":1,"errors":0},"#
            + #"{"name":"payments","spans":1,"errors":1}]},"spans":["#
            + #"{"spanId":"0000000000000001","parent":null,"depth":0,"childCount":1,"subtreeCount":2,"offsetNs":0,"#
            + #""durationNs":1000,"selfNs":200,"criticalNs":200,"onCriticalPath":true,"latency_step":2,"latency_rank":null,"oddities":[],"#
            + #""missing":false,"service":"gateway","name":"GET /pay","kind":"server","start":"1000","end":"2000","#
            + #""status":{"code":"unset","message":""},"attributes":[],"events":[],"links":[],"traceState":"","flags":0,"#
            + #""resource":0,"scope":0},"#
            + #"{"spanId":"0000000000000002","parent":0,"depth":1,"childCount":0,"subtreeCount":1,"offsetNs":100,"#
            + #""durationNs":800,"selfNs":800,"criticalNs":800,"onCriticalPath":true,"latency_step":4,"latency_rank":null,"origin":true,"oddities":[],"#
            + #""missing":false,"parentSpanId":"0000000000000001","service":"payments","name":"charge","kind":"server","#
            + #""start":"1100","end":"1900","status":{"code":"error","message":"card \"declined\""},"#
            + #""attributes":[{"key":"retries","type":"int","value":"7"}],"#
            + #""events":[{"name":"retry","time":"1500","attributes":[]}],"#
            + #""links":[{"traceId":"00000000000000010000000000000002","spanId":"0000000000000003","traceState":"","#
            + #""flags":0,"attributes":[]}],"traceState":"","flags":0,"resource":1,"scope":0}],"#
            + #""criticalPath":[[0,0,100],[1,100,800],[0,900,100]],"#
            + #""resources":[{"attributes":[{"key":"service.name","type":"string","value":"gateway"}],"schemaUrl":""},"#
            + #"{"attributes":[{"key":"service.name","type":"string","value":"payments"}],"schemaUrl":""}],"#
            + #""scopes":[{"name":"scope","version":"1.0","attributes":[],"schemaUrl":""}]}"#
        #expect(text(response) == expected)
    }

    @Test("A window of a trace holds its nodes, their part of the path, and the summary of the whole")
    func window() {
        let body = text(get(sampleSource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?offset=1&limit=1"))
        #expect(body.contains(#""spanCount":2,"#))
        #expect(body.contains(#""nodeCount":2,"offset":1,"#))
        #expect(body.contains(#""spans":[{"spanId":"0000000000000002","parent":0,"#))
        #expect(!body.contains(#"{"spanId":"0000000000000001""#))
        #expect(body.contains(#""criticalPath":[[1,100,800]]"#))
        var limits = QueryLimits()
        limits.maximumNodes = 1
        let first = text(get(sampleSource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736", limits: limits))
        #expect(first.contains(#""nodeCount":2,"offset":0,"#))
        #expect(!first.contains(#"{"spanId":"0000000000000002""#))
        let beyond = text(get(sampleSource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?offset=2147483647"))
        #expect(beyond.contains(#""spans":[],"criticalPath":[]"#))
        #expect(get(sampleSource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?offset=-1").status == 400)
        #expect(get(sampleSource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?limit=0").status == 400)
    }

    @Test("Upper case is folded and 16 digits are padded")
    func idForms() {
        let source = sampleSource()
        #expect(get(source, "/api/v1/traces/4BF92F3577B34DA6A3CE929D0E0E4736").status == 200)
        source.add(
            TraceID(high: 0, low: 0xAB),
            message(service: "b3") { writer in
                writer.span(1, of: TraceID(high: 0, low: 0xAB), "short", 1, 2)
            })
        #expect(get(source, "/api/v1/traces/00000000000000AB").status == 200)
    }

    @Test(
        "A malformed id is refused with a hint and read from nowhere",
        arguments: [
            "xyz", "4bf92f3577b34da6a3ce929d0e0e473", "4bf92f3577b34da6a3ce929d0e0e47361",
            "00000000000000000000000000000000", "0000000000000000", "%34bf92f3577b34da6a3ce929d0e0e4736", "..",
            "4bf92f3577b34da6-a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e473é",
        ])
    func malformedID(id: String) {
        let source = sampleSource()
        let response = get(source, "/api/v1/traces/\(id)")
        #expect(response.status == 400)
        #expect(text(response).hasPrefix(#"{"error":{"code":"invalid_trace_id","message":""#))
        #expect(text(response).contains(#""hint":""#))
        #expect(source.reads == 0)
    }

    @Test("A trace that is not stored is 404 with what to do next")
    func unknownTrace() {
        let response = get(MemorySource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(response.status == 404)
        let expected =
            #"{"error":{"code":"trace_not_found","message":"no span of trace 4bf92f3577b34da6a3ce929d0e0e4736 is stored here","#
        #expect(text(response).hasPrefix(expected))
    }

    @Test(
        "Paths that do not exist are 404",
        arguments: [
            "/api", "/api/", "/api/v1", "/api/v2/services", "/api/v1/traces", "/api/v1/traces/", "/api/v1/services/",
            "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736/x", "/api/v1/recent/1", "//api/v1/services",
        ])
    func unknownPath(path: String) {
        let response = get(sampleSource(), path)
        #expect(response.status == 404)
        #expect(text(response).hasPrefix(#"{"error":{"code":"unknown_path""#))
    }

    @Test("Other methods are 405 and say what is allowed; HEAD is as GET", arguments: ["POST", "PUT", "DELETE", "get"])
    func methods(method: String) {
        let response = get(sampleSource(), "/api/v1/services", method: method)
        #expect(response.status == 405)
        #expect(response.headers["allow"] == "GET, HEAD")
        #expect(get(sampleSource(), "/api/v1/services", method: "HEAD").status == 200)
    }

    @Test("As protobuf a trace is the stored bytes, unknown fields included")
    func protobuf() {
        let source = sampleSource()
        let target = "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?format=otlp"
        for accept in ["application/x-protobuf", "text/html, application/x-protobuf;q=0.9"] {
            let response = get(source, target, accept: accept)
            #expect(response.headers["content-type"] == "application/x-protobuf")
            #expect(response.headers["vary"] == "accept")
            #expect(response.body == source.traces[sampleID])
        }
    }

    @Test("As OTLP JSON by default", arguments: [nil, "*/*", "application/json, application/x-protobuf"])
    func otlpJSON(accept: String?) throws {
        let target = "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?format=otlp"
        let response = get(sampleSource(), target, accept: accept)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        #expect(text(response).hasPrefix(#"{"resourceSpans":[{"#))
        #expect(text(response).contains(#""traceId":"4bf92f3577b34da6a3ce929d0e0e4736""#))
    }

    @Test("An unknown format is refused")
    func unknownFormat() {
        let response = get(sampleSource(), "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736?format=xml")
        #expect(response.status == 400)
        #expect(text(response).contains("'format' is 'xml'"))
    }

    @Test("A store that fails is 500 with its reason, and bytes that are no message too")
    func failures() {
        let source = sampleSource()
        source.failure = MemorySource.Failure(description: "disk on fire")
        let failed = get(source, "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(failed.status == 500)
        #expect(text(failed).contains("disk on fire"))
        source.failure = nil
        source.traces[sampleID] = [0x0A, 0x05, 0xAA]
        let broken = get(source, "/api/v1/traces/4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(broken.status == 500)
        #expect(text(broken).hasPrefix(#"{"error":{"code":"undecodable""#))
    }

    @Test("Services are listed with their figures")
    func services() {
        let source = MemorySource()
        source.usage = [ServiceUsage(name: "pay\u{1B}[2J", spans: 12, lastSeen: 1_700_000_000_000_000_000)]
        #expect(
            text(get(source, "/api/v1/services"))
                == #"{"services":[{"name":"pay\u001b[2J","spans":12,"lastSeen":"1700000000000000000"}]}"#)
        #expect(text(get(MemorySource(), "/api/v1/services")) == #"{"services":[]}"#)
    }

    @Test("Recent traces come newest first with what was slow in each")
    func recent() {
        let source = sampleSource()
        let other = TraceID(high: 0, low: 9)
        source.add(other, message(service: "batch") { $0.span(5, of: other, "nightly", 10, 20) })
        let response = get(source, "/api/v1/recent?limit=10")
        #expect(
            text(response) == #"{"traces":[{"traceId":"00000000000000000000000000000009","rootService":"batch","#
                + #""rootName":"nightly","start":"10","durationNs":10,"spanCount":1,"errorCount":0,"missingCount":0,"#
                + #""services":["batch"],"serviceCount":1,"criticalByStep":[0,0,0,0,10],"#
                + #""slowest":{"spanId":"0000000000000005","service":"batch","name":"nightly","criticalNs":10,"latency_step":4},"#
                + #""mini":[[0,1000,4,0]]},"#
                + #"{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","rootService":"gateway","rootName":"GET /pay","#
                + #""start":"1000","durationNs":1000,"spanCount":2,"errorCount":1,"missingCount":0,"#
                + #""services":["gateway","payments"],"serviceCount":2,"criticalByStep":[0,0,200,0,800],"#
                + #""slowest":{"spanId":"0000000000000002","service":"payments","name":"charge","criticalNs":800,"latency_step":4},"#
                + #""mini":[[0,1000,2,0],[100,800,4,1]]}],"#
                + #""truncated":false}"#)
        #expect(text(get(source, "/api/v1/recent?limit=1")).contains("nightly"))
        #expect(!text(get(source, "/api/v1/recent?limit=1")).contains("gateway"))
    }

    @Test("The list of recent traces stops reading when its budget is used up, and says so")
    func recentIsBounded() {
        let source = MemorySource()
        for number in 1...20 as ClosedRange<UInt64> {
            let id = TraceID(high: 0, low: number)
            source.add(id, message(service: "s") { $0.span(1, of: id, "n", 1, 2) })
        }
        var limits = QueryLimits()
        limits.maximumRecentBytes = source.traces[TraceID(high: 0, low: 1)]!.count * 3
        let response = get(source, "/api/v1/recent", limits: limits)
        #expect(source.reads == 3)
        #expect(text(response).hasSuffix(#""truncated":true}"#))
    }

    @Test("Of a trace beyond the bound the part that came first is given, in every format, and told")
    func traceIsBounded() {
        var limits = QueryLimits()
        limits.maximumTraceBytes = 1
        let source = sampleSource()
        let target = "/api/v1/traces/\(sampleID)"
        let tree = text(get(source, target, limits: limits))
        #expect(tree.contains(#""spanCount":1,"#) && tree.contains(#""offset":0,"truncated":true,"#))
        let first = message(service: "gateway") { $0.span(1, "GET /pay", 1_000, 2_000) }
        let otlp = get(source, target + "?format=otlp", accept: "application/x-protobuf", limits: limits)
        #expect(otlp.headers["x-hms-truncated"] == "true" && otlp.body == first)
        #expect(get(source, target + "?format=otlp", limits: limits).headers["x-hms-truncated"] == "true")

        limits.maximumTraceBytes = first.count + 1
        #expect(text(get(source, target, limits: limits)).contains(#""offset":0,"services""#))
        #expect(get(source, target + "?format=otlp", limits: limits).headers["x-hms-truncated"] == nil)
    }

    @Test("A list of recent traces says which one it read in part, and reads that one whole when it can")
    func recentReadsInPart() {
        let source = sampleSource()
        var limits = QueryLimits()
        limits.maximumRecentBytes = 1
        let cut = text(get(source, "/api/v1/recent", limits: limits))
        #expect(cut.contains(#""spanCount":1,"#) && cut.contains(#","truncated":true,"slowest":"#))
        #expect(cut.hasSuffix(#"],"truncated":true}"#))
        let whole = text(get(source, "/api/v1/recent"))
        #expect(whole.contains(#""spanCount":2,"#) && whole.hasSuffix(#"],"truncated":false}"#))
    }

    @Test("Of many different spans with one id 16 are given besides the one in the tree, and all are counted")
    func variantsAreBounded() {
        let source = MemorySource()
        source.add(
            sampleID,
            message(service: "s") { writer in
                for number in 0..<40 { writer.span(1, "variant \(number)", 10, 20) }
            })
        let body = text(get(source, "/api/v1/traces/\(sampleID)"))
        #expect(body.contains(#""conflictCount":39,"#) && body.contains(#""variantCount":39,"variants":["#))
        #expect(body.split(separator: #""name":"variant "#).count == 1 + 1 + 16)
    }

    @Test("A list asked for again shows spans that came in between")
    func recentFollows() {
        let source = sampleSource()
        let service = QueryService(source: source)
        let head = RequestHead(method: "GET", path: "/api/v1/recent")
        let first = text(service.respond(to: head))
        #expect(first.contains(#""spanCount":2,"#))
        #expect(text(service.respond(to: head)) == first)
        source.traces[sampleID]? += message(service: "late") { $0.span(9, under: 1, "late", 1_000, 1_100) }
        #expect(text(service.respond(to: head)).contains(#""spanCount":3,"#))
    }

    @Test("A limit that is none is refused", arguments: ["0", "-1", "501", "1e3", "", "99999999999999999999", "%00"])
    func invalidLimit(limit: String) {
        let response = get(sampleSource(), "/api/v1/recent?limit=\(limit)")
        #expect(response.status == 400)
        #expect(text(response).contains("give a whole number from 1 to 500"))
    }

    @Test("A broken trace does not hide the others from the list")
    func recentSkipsBroken() {
        let source = sampleSource()
        source.add(TraceID(high: 0, low: 1), [0xFF])
        #expect(text(get(source, "/api/v1/recent")).contains("GET /pay"))
    }

    @Test("Every type of attribute keeps its type")
    func attributeTypes() {
        let source = MemorySource()
        source.add(
            sampleID,
            message(service: "s") { writer in
                writer.span(1, "n", 1, 2) { writer in
                    func attribute(_ key: String, _ value: (inout ProtobufWriter) -> Void) {
                        writer.message(9) { writer in
                            writer.string(1, key)
                            writer.message(2, value)
                        }
                    }
                    attribute("int") { $0.varint(3, UInt64(bitPattern: .min)) }
                    attribute("double") { $0.double(4, 0.5) }
                    attribute("nan") { $0.double(4, .nan) }
                    attribute("bool") { $0.varint(2, 1) }
                    attribute("bytes") { $0.bytes(7, [0xFF, 0x00, 0x10, 0x83]) }
                    attribute("array") { writer in
                        writer.message(5) { writer in
                            writer.message(1) { $0.string(1, "a") }
                            writer.message(1) { $0.varint(3, 1) }
                        }
                    }
                    attribute("map") { writer in
                        writer.message(6) { writer in
                            writer.message(1) { writer in
                                writer.string(1, "k")
                                writer.message(2) { $0.string(1, "v") }
                            }
                        }
                    }
                    attribute("empty") { _ in }
                }
            })
        let body = text(get(source, "/api/v1/traces/\(sampleID)"))
        let expected =
            #""attributes":[{"key":"int","type":"int","value":"-9223372036854775808"},"#
            + #"{"key":"double","type":"double","value":0.5},{"key":"nan","type":"double","value":"NaN"},"#
            + #"{"key":"bool","type":"bool","value":true},{"key":"bytes","type":"bytes","value":"/wAQgw=="},"#
            + #"{"key":"array","type":"array","value":[{"type":"string","value":"a"},{"type":"int","value":"1"}]},"#
            + #"{"key":"map","type":"map","value":[{"key":"k","type":"string","value":"v"}]},"#
            + #"{"key":"empty","type":"empty","value":null}]"#
        #expect(body.contains(expected))
    }
}
