import HTTP
import JSON
import OTLP
import QueryLanguage
import Querying
import Summaries
import Testing
import TraceAssembly
import TraceModel
import TraceSearch
import WireFormat

@Suite("A trace is given part by part")
struct TracePartTests {
    /// 2026-01-01T10:30:00Z.
    private static let begin: UInt64 = 1_767_263_400_000_000_000

    private func get(_ source: MemorySource, _ path: String, _ query: String = "", shelf: TraceShelf = TraceShelf())
        throws -> (status: Int, json: JSONValue)
    {
        let head = RequestHead(method: "GET", path: "/api/v1/traces/\(sampleID)\(path)", query: query)
        let response = QueryService(source: source, shelf: shelf).respond(to: head)
        return (response.status, try JSONParser.parse(response.body))
    }

    /// gateway calls pay twelve times; the third fails, and the last is slow.
    private func source() -> MemorySource {
        let source = MemorySource()
        source.add(
            sampleID,
            message(service: "gateway") { writer in
                writer.span(1, "GET /", Self.begin, Self.begin + 1_000_000)
            }
                + message(service: "pay") { writer in
                    for call in 0..<12 as Range<UInt64> {
                        let start = Self.begin + call * 10_000
                        writer.span(
                            10 + call, under: 1, "charge", start, start + (call == 11 ? 800_000 : 5_000)
                        ) { writer in
                            guard call == 2 else { return }
                            writer.message(11) { writer in
                                writer.fixed64(1, start + 7)
                                writer.string(2, "declined")
                            }
                            writer.message(15) { writer in
                                writer.string(2, "No Money")
                                writer.varint(3, 2)
                            }
                        }
                    }
                })
        return source
    }

    private func numbers(_ value: JSONValue?) -> [Int] { value?.array?.compactMap(\.int) ?? [] }

    @Test("The overview holds figures, the first rows, folds, the slow and the failing, and the trace in miniature")
    func overview() throws {
        let (status, json) = try get(source(), "/overview")
        #expect(status == 200)
        let trace = try #require(json["trace"])
        #expect(trace["spanCount"]?.int == 13)
        #expect(trace["nodeCount"]?.int == 13)
        #expect(trace["durationNs"]?.int == 1_000_000)
        #expect(trace["uncoveredNs"]?.int == 0)
        #expect(trace["colour"]?["basis"]?.string == "share")
        #expect(trace["services"]?[0]?["name"]?.string == "pay")
        #expect(trace["services"]?[0]?["selfNs"]?.int == 855_000)
        #expect(json["rows"]?.array?.count == 13)
        #expect(json["folds"]?.array?.map(numbers) == [[1, 12, 12]])
        #expect(json["rows"]?[1]?["fold"]?["siblings"]?.int == 12)
        #expect(json["rows"]?[1]?["fold"]?["errors"]?.int == 1)
        #expect(
            json["slow"]?.array?.map { $0["index"]?.int }
                == [12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(Optional.some))
        #expect(json["slow"]?[0]?["latency_step"]?.int == 4)
        #expect(numbers(json["errors"]) == [3])
        #expect(json["origins"]?.array?.map { $0["index"]?.int } == [3])
        // Nothing lies between the stretches: each begins where the one before ended.
        let track = (json["track"]?.array ?? []).map(numbers)
        #expect(track.first == [0, 5000, 1, 0])
        #expect(track.reduce(0) { $0 + $1[1] } == 1_000_000)
        #expect(json["minimap"]?["lanes"]?.int == 13)
        let cells = (json["minimap"]?["cells"]?.array ?? []).map(numbers)
        #expect(cells.first == [0, 0, 400, 1, 0])
        #expect(cells.contains([8, 3, 3, 0, 1]))
        #expect(json["hosts"]?.array?.map { $0["service"]?.string } == ["gateway", "pay"])
    }

    @Test("Rows are a window of the tree; behind its end there are none")
    func rows() throws {
        let (_, some) = try get(source(), "/rows", "offset=2&limit=3")
        #expect(some["offset"]?.int == 2)
        #expect(
            some["rows"]?.array?.map { $0["spanId"]?.string } == [
                "000000000000000b", "000000000000000c", "000000000000000d",
            ])
        #expect(some["rows"]?[1]?["error"]?.bool == true)
        #expect(some["rows"]?[1]?["parent"]?.int == 0)
        #expect(some["rows"]?[1]?["events"]?.int == 1)
        #expect(try get(source(), "/rows", "offset=13").json["rows"]?.array?.isEmpty == true)
        #expect(try get(source(), "/rows", "limit=2001").status == 400)
        #expect(try get(source(), "/rows", "offset=-1").status == 400)
    }

    @Test("One span is given whole, with the way to it and as OTLP")
    func span() throws {
        let (status, json) = try get(source(), "/spans/000000000000000c")
        #expect(status == 200)
        #expect(json["row"]?["index"]?.int == 3)
        #expect(json["ancestors"]?.array?.map { $0["index"]?.int } == [0])
        #expect(json["span"]?["status"]?["message"]?.string == "No Money")
        #expect(json["span"]?["events"]?[0]?["name"]?.string == "declined")
        #expect(json["span"]?["resource"]?["attributes"]?[0]?["value"]?.string == "pay")
        #expect(json["span"]?["scope"]?["version"]?.string == "1.0")
        #expect(json["otlp"]?["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?.array?.count == 1)
        #expect(try get(source(), "/spans/00000000000000ff").status == 404)
        #expect(try get(source(), "/spans/none").status == 404)
    }

    @Test("Copies of a span are merged, and others with its id are listed")
    func copies() throws {
        let source = MemorySource()
        source.add(
            sampleID,
            message(service: "s") { writer in
                writer.span(1, "n", 10, 20)
                writer.span(1, "n", 10, 20)
                writer.span(1, "other", 10, 15)
            })
        let (_, json) = try get(source, "/spans/0000000000000001")
        #expect(json["row"]?["oddities"]?.array?.map(\.string) == ["duplicate", "conflict"])
        #expect(json["span"]?["copies"]?.int == 2)
        #expect(json["span"]?["variants"]?.array?.map { $0["name"]?.string } == ["other"])
    }

    @Test(
        "Words are found in services, names, messages and ids, in any case, and all must be there",
        arguments: [
            ("charge", Array(1...12)), ("CHARGE pay", Array(1...12)), ("no money", [3]), ("gate", [0]), ("000c", [3]),
            ("charge gate", []), ("", []), ("%C3%A4", []),
        ] as [(String, [Int])])
    func find(text: String, rows: [Int]) throws {
        let (_, json) = try get(source(), "/find", "text=\(text.replacing(" ", with: "+"))")
        #expect(numbers(json["indexes"]) == rows)
        #expect(json["count"]?.int == rows.count)
        #expect(json["truncated"]?.bool == false)
    }

    @Test("A text with a comparison is a query about this trace; a wrong one is told with its column")
    func findByQuery() throws {
        let source = source()
        func find(_ text: String) throws -> [Int] { numbers(try get(source, "/find", "text=\(text)").json["indexes"]) }
        #expect(try find("duration+%3E+10us") == [0, 12])
        #expect(try find("parent+%7B+service+%3D+gateway+%7D+and+event.name+%3D+declined") == [3])
        #expect(try find("not+exists+event.name") == [0, 1, 2] + Array(4...12))
        #expect(try find("name+in+(refund,+%22GET+/%22)") == [0])
        // What is only like a query is words.
        #expect(try find("not+a+charge") == [])
        #expect(source.searches.isEmpty)
        let (status, wrong) = try get(source, "/find", "text=duration+%3E")
        #expect(status == 400)
        #expect(wrong["error"]?["code"]?.string == "invalid_query")
    }

    @Test("The flame graph puts spans of one path together; operations are listed by time of their own")
    func sums() throws {
        let (_, flame) = try get(source(), "/flame")
        #expect(flame["frames"]?.array?.map { $0["count"]?.int } == [1, 12])
        #expect(flame["frames"]?[1]?["parent"]?.int == 0)
        #expect(flame["frames"]?[1]?["totalNs"]?.int == 855_000)
        #expect(flame["frames"]?[1]?["first"]?.int == 1)
        #expect(flame["left"]?.int == 0)
        let (_, operations) = try get(source(), "/operations")
        let first = try #require(operations["operations"]?[0])
        #expect(first["name"]?.string == "charge")
        #expect((first["p50Ns"]?.int, first["p95Ns"]?.int, first["maxNs"]?.int) == (5000, 800_000, 800_000))
        #expect(first["slowest"]?.int == 12)
        #expect(first["errors"]?.int == 1)
    }

    @Test(
        "Of a deep chain whose time grows downwards the flame graph keeps the first frames, each below the one before")
    func flameOfGrowingChain() throws {
        let source = MemorySource()
        let depth = 6000 as UInt64
        source.add(
            sampleID,
            message(service: "deep") { writer in
                for level in 0..<depth {
                    writer.span(
                        1 + level, under: level == 0 ? nil : level, "level \(level)", Self.begin,
                        Self.begin + 1000 + level * 10)
                }
            })
        let frames = try #require(try get(source, "/flame").json["frames"]?.array)
        #expect(frames.count == 5000)
        #expect(frames.map { $0["parent"]?.int } == [nil] + (0..<4999).map { $0 })
        #expect(frames.map { $0["depth"]?.int } == (0..<5000).map { $0 })
    }

    @Test("Parts of one tree have one mark, and another one when spans came")
    func treeMark() throws {
        let source = source()
        let mark = try #require(try get(source, "/overview").json["trace"]?["tree"]?.string)
        for part in ["/rows", "/flame", "/operations", "/events", "/find"] {
            #expect(try get(source, part, part == "/find" ? "text=charge" : "").json["tree"]?.string == mark)
        }
        source.add(
            sampleID, message(service: "late") { $0.span(99, under: 1, "late", Self.begin, Self.begin + 10) })
        let later = try get(source, "/overview").json["trace"]?["tree"]?.string
        #expect(later != nil && later != mark)
        #expect(try get(source, "/rows").json["tree"]?.string == later)
    }

    @Test("Events that are large are given as far as one answer holds, and the rest on the next page")
    func largeEvents() throws {
        let source = MemorySource()
        let text = String(repeating: "x", count: 5 << 20)
        source.add(
            sampleID,
            message(service: "large") { writer in
                for number in 0..<12 as Range<UInt64> {
                    writer.span(1 + number, "said", Self.begin + number, Self.begin + 100) { writer in
                        writer.message(11) { writer in
                            writer.fixed64(1, Self.begin)
                            writer.string(2, text)
                        }
                    }
                }
            })
        var (seen, after, pages) = ([Int](), -1, 0)
        repeat {
            let json = try get(source, "/events", "after=\(after)").json
            let indexes = json["events"]?.array?.compactMap { $0["index"]?.int } ?? []
            #expect(!indexes.isEmpty)
            seen += indexes
            after = json["next"]?.int ?? -1
            pages += 1
        } while after >= 0
        #expect(seen == Array(0..<12))
        #expect(pages == 2)
    }

    @Test("Events come in the order of rows, and go on where they ended")
    func events() throws {
        let (_, json) = try get(source(), "/events")
        #expect(json["events"]?.array?.map { $0["name"]?.string } == ["declined"])
        #expect(json["events"]?[0]?["offsetNs"]?.int == 20_007)
        #expect(json["events"]?[0]?["index"]?.int == 3)
        #expect(json["next"] == .null)
        #expect(try get(source(), "/events", "after=3").json["events"]?.array?.isEmpty == true)
    }

    @Test("A run of alike spans is as hot as they are together")
    func heatOfRuns() throws {
        let source = MemorySource()
        source.add(
            sampleID,
            message(service: "pay") { writer in
                writer.span(1, "GET /", Self.begin, Self.begin + 1_000_000)
                for call in 0..<12 as Range<UInt64> {
                    let start = Self.begin + 100_000 + call * 60_000
                    writer.span(10 + call, under: 1, "charge", start, start + 60_000)
                }
            })
        let run = try get(source, "/rows").json["rows"]?[1]
        #expect(run?["latency_step"]?.int == 1)
        #expect(run?["fold"]?["criticalNs"]?.int == 720_000)
        #expect(run?["fold"]?["latency_step"]?.int == 4)
    }

    @Test("Steps follow from ranks where the hour before holds thirty spans of the operation")
    func history() throws {
        let source = source()
        var builder = SummaryBuilder()
        for number in 0..<100 as Range<UInt64> {
            let symbol = builder.symbols.intern("pay")
            let start = Self.begin - 600_000_000_000
            builder.add(
                SpanDigest(
                    trace: TraceID(high: 7, low: number), spanID: number + 1, parentID: 0, start: start,
                    end: start + 5_000 + number * 100, service: symbol,
                    operation: builder.symbols.operation(ofName: "charge".utf8Span.span), kind: 2, status: 0,
                    contentHash: number))
        }
        source.summary = builder.summary()
        let (_, json) = try get(source, "/overview")
        #expect(json["trace"]?["colour"]?["basis"]?.string == "mixed")
        #expect(json["trace"]?["colour"]?["from"]?.string == "2026-01-01T09:30:00.000Z")
        #expect(json["rows"]?[0]?["latency_rank"] == .null)
        #expect(json["rows"]?[12]?["latency_rank"]?.double == 1)
        #expect(json["rows"]?[12]?["latency_step"]?.int == 4)
        #expect(json["rows"]?[1]?["latency_step"]?.int == 0)
        let (_, whole) = try get(source, "")
        #expect(whole["spans"]?[12]?["latency_step"]?.int == 4)
        #expect(whole["spans"]?[12]?["latency_rank"]?.double == 1)
    }

    @Test("A trace is put in order once, again when spans came, and forgotten when some were erased")
    func shelf() throws {
        let source = source()
        let shelf = TraceShelf()
        _ = try get(source, "/overview", shelf: shelf)
        let reads = source.reads
        _ = try get(source, "/rows", shelf: shelf)
        #expect(source.reads == reads)
        source.add(
            sampleID,
            source.traces[sampleID]!
                + message(service: "late") { $0.span(99, under: 1, "late", Self.begin, Self.begin + 1) })
        let (_, json) = try get(source, "/overview", shelf: shelf)
        #expect(json["trace"]?["spanCount"]?.int == 14)
    }

    @Test("A parent that is not there is awaited while spans still come, and then not received")
    func missing() throws {
        let source = MemorySource()
        source.add(sampleID, message(service: "s") { $0.span(2, under: 1, "n", 10, 20) })
        let (_, late) = try get(source, "/overview")
        #expect(late["rows"]?[0]?["missing"]?.string == "not received")
        #expect(late["trace"]?["awaitedCount"]?.int == 0)
        source.storedAt = .max
        let (_, soon) = try get(source, "/overview")
        #expect(soon["rows"]?[0]?["missing"]?.string == "awaited")
        #expect(soon["trace"]?["awaitedCount"]?.int == 1)
    }

    @Test("Nothing stored is 404, and a part that there is not, too")
    func notFound() throws {
        #expect(try get(MemorySource(), "/overview").json["error"]?["code"]?.string == "trace_not_found")
        #expect(try get(source(), "/nothing").json["error"]?["code"]?.string == "unknown_path")
    }
}
