import Summaries
import Testing

@Suite("Clustering of names")
struct OperationNameTests {
    @Test(
        "Ids become {id}",
        arguments: [
            ("GET /claims/123", "GET /claims/{id}"),
            ("GET /claims/7", "GET /claims/{id}"),
            ("GET /claims/123?full=1&page=2", "GET /claims/{id}"),
            ("GET /v1/claims/123/documents/9.pdf", "GET /v1/claims/{id}/documents/9.pdf"),
            ("/2026/11/27/report", "/{id}/{id}/{id}/report"),
            ("GET /users/4b1f9a52-7c3e-4d17-9f60-2a8be4c0d913", "GET /users/{id}"),
            ("GET /users/4B1F9A52-7C3E-4D17-9F60-2A8BE4C0D913/x", "GET /users/{id}/x"),
            ("GET /users/jane.doe@example.org", "GET /users/{id}"),
            ("GET /blobs/9f86d081884c7d65", "GET /blobs/{id}"),
            ("GET /u/01ARZ3NDEKTSV4RRFFQ69G5FAV", "GET /u/{id}"),
            ("GET /t/dGhp9cyBpc0Bh7IHRva2Vu1Q", "GET /t/{id}"),
            ("GET /odata/claims(42)", "GET /odata/claims({id})"),
            ("https://10.0.0.7:8080/claims/5", "https://{id}/claims/{id}"),
            ("job-8812", "job-{id}"),
            ("job-4b1f9a52-7c3e-4d17-9f60-2a8be4c0d913", "job-{id}"),
            ("job8812", "job{id}"),
            ("user:123:profile", "user:{id}:profile"),
            ("import 2026-11-27T17:54:57.5Z", "import {id}"),
            ("backup 2026-11-27 done", "backup {id} done"),
            ("backup_2026-11-27.tar", "backup_{id}.tar"),
            ("handle 0xdeadbeef", "handle {id}"),
            ("process 12345 items", "process {id} items"),
            ("topic é-12345", "topic é-{id}"),
        ])
    func ids(name: String, cluster: String) {
        #expect(OperationName.cluster(name) == cluster)
        #expect(OperationName.cluster(cluster) == cluster, "what was clustered stays as it is")
    }

    @Test(
        "Names without ids stay as they are",
        arguments: [
            "", "GET /v1/claims", "GET /api/v2beta1/users/:id", "GET /claims/{claimId}", "HTTP POST",
            "SELECT * FROM claims WHERE id = ? AND kind IN ($1, $2)", "checkout.OrderService/PlaceOrder",
            "s3.GetObject", "oauth2 token", "sha256 sum", "http2", "utf8", "Is it a decade?", "retry 3 of 5",
            "deadbeef", "feedbacked", "getUserV2ByAccountNumber", "InternationalizationServiceV2",
            "kafka.topic-1 receive",
            "error 404", "überprüfen",
        ])
    func untouched(name: String) {
        #expect(OperationName.cluster(name) == name)
    }

    @Test("A long name is cut at the end of a character")
    func long() {
        let name = String(repeating: "ä", count: 10_000)
        #expect(OperationName.cluster(name) == String(repeating: "ä", count: 100))
        #expect(OperationName.cluster("x" + name) == "x" + String(repeating: "ä", count: 99))
    }

    @Test("Bytes that are no text are clustered without a trap, and the cache says what the rules say")
    func anyBytes() {
        let seed: UInt64 = 12
        var generator = SeededGenerator(seed: seed)
        var symbols = SymbolTable()
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0x2D...0x3A, using: &generator) : UInt8.random(in: 0...255, using: &generator)
            }
            let first = symbols.operation(ofName: bytes.span)
            #expect(symbols.operation(ofName: bytes.span) == first, "\(bytes), seed \(seed)")
        }
        #expect(symbols.overflows == 0)
    }

    @Test("A hundred thousand names with ids are one symbol")
    func cardinality() {
        var symbols = SymbolTable()
        for id in 0..<100_000 { _ = symbols.operation(ofName: "GET /claims/\(id)".utf8Span.span) }
        // The empty text, "other", and this one.
        #expect(symbols.count == 3)
    }
}
