import HMSTrace
import HTTP

/// Takes the request of an agent, checks who asks, and passes the claim on.
struct Gateway: DemoService {
    func handle(_ request: DemoRequest, next: Downstream) async throws -> HTTPResponse {
        guard let claim = request.claim else { throw ServiceFailure(status: 404, reason: "no such page") }
        let span = HMSTrace.currentSpan
        span?.setAttribute("hms.a2a.envelope_id", "env-2026-\(claim)")
        span?.setAttribute("hms.mcp.session_id", "mcp-\(claimNumber(claim) % 7)")
        span?.setAttribute("hms.mcp.method", "tools/call")
        span?.setAttribute("hms.mcp.tool", "check_claim")
        try await withSpan("authenticate") { span in
            span.attributes["auth.method"] = "mtls"
            try await work(2...5)
        }
        try await withSpan("check rate limit") { span in
            span.attributes["limit.remaining"] = 97 - claimNumber(claim) % 40
            try await work(1...2)
        }
        let decision = try await next.get("/claims/\(claim)", route: "/claims/{id}", service: "eligibility")
        return try await withSpan("render answer") { _ in
            try await work(1...3)
            return json(200, #"{"claim":"\#(claim)","decision":\#(decision)}"#)
        }
    }
}
