import HMSTrace
import HTTP

/// The business code of one service.
protocol DemoService: Sendable {
    func handle(_ request: DemoRequest, next: Downstream) async throws -> HTTPResponse
}

func demoService(_ name: String) -> any DemoService {
    switch name {
    case "gateway": Gateway()
    case "eligibility": Eligibility()
    default: Payments()
    }
}

/// A request as a value that tasks may hold.
struct DemoRequest: Sendable {
    let path: String
    let query: [String: String]
    let headers: HTTPHeaders

    init(head: RequestHead) {
        path = head.path
        headers = head.headers
        var query: [String: String] = [:]
        for pair in head.query.split(separator: "&").prefix(32) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        }
        self.query = query
    }

    /// The claim that the path names: up to 32 letters, digits and dashes.
    var claim: String? {
        guard path.hasPrefix("/claims/") else { return nil }
        let id = path.dropFirst("/claims/".count)
        let isGood = id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        return (1...32).contains(id.count) && isGood ? String(id) : nil
    }

    /// The path's pattern, which names the span: few of them, however many claims there are.
    var route: String {
        if claim != nil { return "/claims/{id}" }
        return path == "/fake_slow" ? path : "(unknown)"
    }
}

/// Why a request cannot be answered well.
struct ServiceFailure: Error, CustomStringConvertible {
    let status: Int
    /// Plain words without quotes, as it goes into JSON.
    let reason: String
    var description: String { reason }
}

func json(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(
        status: status, headers: HTTPHeaders([("content-type", "application/json")]), body: Array((text + "\n").utf8))
}

/// The next service. Each call is a client span whose context goes along in the headers.
struct Downstream: Sendable {
    let send: @Sendable (HTTPClientRequest) async -> Result<HTTPClientResponse, HTTPClientError>

    /// Answers the body of a good response and throws for any other.
    func get(_ path: String, route: String, service: String) async throws -> String {
        try await withSpan("GET \(service)\(route)", ofKind: .client) { span in
            span.attributes["http.request.method"] = "GET"
            span.attributes["url.path"] = path
            span.attributes["peer.service"] = service
            var headers = HTTPHeaders()
            HMSTrace.inject { headers.add($0, $1) }
            let response = try await send(HTTPClientRequest(method: "GET", path: path, headers: headers)).get()
            span.attributes["http.response.status_code"] = response.status
            guard response.status == 200 else {
                throw ServiceFailure(
                    status: response.status < 500 ? response.status : 502,
                    reason: "\(service) answered \(response.status)")
            }
            return String(decoding: response.body, as: UTF8.self).filter { $0 != "\n" }
        }
    }
}

/// Stands for work that takes about so long: a tenth more or less.
func work(_ milliseconds: ClosedRange<Int>) async throws {
    try await Task.sleep(for: .microseconds(Int.random(in: milliseconds) * 1_000 + Int.random(in: 0..<1_000)))
}

/// A claim's number, which decides what happens to it, so that a run can be repeated: `C-1005` is 1005.
func claimNumber(_ claim: String) -> Int {
    claim.utf8.filter { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        .reduce(0) { ($0 * 10 + Int($1 - UInt8(ascii: "0"))) % 1_000_000 }
}
