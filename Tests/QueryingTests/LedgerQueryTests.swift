import HTTP
import JSON
import Querying
import SegmentStore
import Testing
import TraceModel

@Suite("Ledger and explanations over the API")
struct LedgerQueryTests {
    private func get(_ path: String, _ source: MemorySource) throws -> (status: Int, json: JSONValue) {
        let response = QueryService(source: source, version: "1.2.3").respond(
            to: RequestHead(method: "GET", path: path))
        return (response.status, try JSONParser.parse(response.body))
    }

    @Test("The ledger's parts add up to its wholes, and senders and refusals are listed")
    func ledger() throws {
        let source = MemorySource()
        LedgerSample.fill(source)
        let (status, json) = try get("/api/v1/ledger", source)
        #expect(status == 200)
        #expect(json["program"]?.string == "hms-collector")
        #expect(json["version"]?.string == "1.2.3")
        let traces = try #require(json["signals"]?["traces"])
        #expect(traces["arrived"]?.uint64 == 114)
        #expect(
            traces["rejected"] == .object([JSONMember("bad_identity", .number("4")), JSONMember("busy", .number("2"))]))
        for (name, expected) in [("stored", 100), ("duplicate", 8), ("held", 70), ("deleted", 25), ("damaged", 5)] {
            #expect(traces[name]?.int == expected)
        }
        // A reason that a signal does not have is left out.
        #expect(json["signals"]?["metrics"]?["rejected"] == .object([]))
        let sender = try #require(json["senders"]?[0])
        #expect(sender["id"]?.string == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(sender["stored"]?["traces"]?.int == 60)
        #expect(sender["last_sequence"]?.int == 41)
        #expect(sender["last_seen"]?.string == "2023-11-14T22:13:20.123Z")
        #expect(json["senders"]?[1]?["last_sequence"] == nil)
        #expect(json["refusals"]?[0]?["trace_ids"]?[0]?.string == "\(sampleID)")
    }

    @Test("A trace that is stored and was refused as well has both findings, with segment, sender and hint")
    func stored() throws {
        let source = MemorySource()
        LedgerSample.fill(source)
        let (_, json) = try get("/api/v1/explain/\(sampleID)", source)
        #expect(json["findings"]?.array?.map { $0["where"]?.string } == ["stored", "refused"])
        let record = try #require(json["findings"]?[0]?["records"]?[0])
        #expect(record["segment"]?.int == 7)
        #expect(record["sender"]?.string == "\(LedgerSample.sender)")
        #expect(record["sequence"]?.int == 40)
        #expect(json["findings"]?[0]?["spans"]?.int == 2)
        #expect(json["findings"]?[0]?["hint"]?.string == "hms-ops trace \(sampleID) shows the trace.")
    }

    @Test("A span is found by its id among the refusals and in the records")
    func span() throws {
        let source = MemorySource()
        LedgerSample.fill(source)
        let (_, refused) = try get("/api/v1/explain/00F067AA0BA902B7", source)
        #expect(refused["findings"]?.array?.map { $0["where"]?.string } == ["refused"])
        source.foundSpan.place = source.stored[sampleID]?[0]
        let (_, stored) = try get("/api/v1/explain/0000000000000009", source)
        #expect(stored["findings"]?.array?.map { $0["where"]?.string } == ["stored"])
        #expect(stored["findings"]?[0]?["text"]?.string?.contains("in trace \(sampleID)") == true)
    }

    @Test(
        "What is nowhere is said to be unknown, and that older data was deleted; a search that ended early says how far"
    )
    func unknown() throws {
        let source = MemorySource()
        let other = TraceID(high: 1, low: 1)
        let (_, bare) = try get("/api/v1/explain/\(other)", source)
        #expect(bare["findings"]?.array?.map { $0["where"]?.string } == ["unknown"])
        LedgerSample.fill(source)
        source.foundSpan.isComplete = false
        source.foundSpan.readBackTo = 1_700_000_000_000_000_000
        let (_, json) = try get("/api/v1/explain/00000000000000aa", source)
        #expect(json["findings"]?.array?.map { $0["where"]?.string } == ["unknown", "deleted"])
        #expect(json["findings"]?[0]?["text"]?.string?.contains("back to 2023-11-14T22:13:20.000Z") == true)
        #expect(json["findings"]?[1]?["text"]?.string?.contains("2023-11-14T22:13:20.000Z or later") == true)
    }

    @Test(
        "What is no id is refused with a hint",
        arguments: ["x", "00000000000000000000000000000000", "0000000000000000", "4bf92f3577b34da6a3ce929d0e0e473"])
    func badID(id: String) throws {
        let (status, json) = try get("/api/v1/explain/\(id)", MemorySource())
        #expect(status == 400)
        #expect(json["error"]?["code"]?.string == "invalid_id")
    }
}
