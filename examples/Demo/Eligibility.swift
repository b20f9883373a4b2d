import HMSTrace
import HTTP

/// Decides whether the member's plan covers the claim, then asks what has been paid.
struct Eligibility: DemoService {
    func handle(_ request: DemoRequest, next: Downstream) async throws -> HTTPResponse {
        guard let claim = request.claim else { throw ServiceFailure(status: 404, reason: "no such page") }
        try await member(of: claim)
        try await withSpan("policy check") { span in
            span.attributes["policy.rules"] = 2
            span.attributes["hms.mcp.context"] = "plan:gold"
            // Child tasks: both rules are children of this span and overlap in the waterfall.
            async let age: Void = rule("age limit", takes: 4...9)
            async let waiting: Void = rule("waiting period", takes: 8...14)
            _ = try await (age, waiting)
        }
        let paid = try await next.get("/claims/\(claim)", route: "/claims/{id}", service: "payments")
        return json(200, #"{"eligible":true,"payment":\#(paid)}"#)
    }

    private func member(of claim: String) async throws {
        let isCached = try await withSpan("cache get member", ofKind: .client) { span in
            let isHit = claimNumber(claim) % 3 != 0
            span.attributes["db.system"] = "redis"
            span.attributes["cache.hit"] = isHit
            try await work(0...1)
            return isHit
        }
        if isCached { return }
        try await withSpan("SELECT members", ofKind: .client) { span in
            span.attributes["db.system"] = "postgresql"
            span.attributes["db.query.text"] = "SELECT plan FROM members WHERE id = $1"
            try await work(8...20)
            span.addEvent("cache filled", attributes: ["ttl.s": 300])
        }
    }

    private func rule(_ name: String, takes time: ClosedRange<Int>) async throws {
        try await withSpan("rule: \(name)") { _ in try await work(time) }
    }
}
