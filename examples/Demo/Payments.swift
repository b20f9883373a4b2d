import HMSTrace
import HTTP

/// Looks up what was paid. Its query is the slow one of the demo; every fifth claim it is very slow, every twelfth fails.
struct Payments: DemoService {
    func handle(_ request: DemoRequest, next: Downstream) async throws -> HTTPResponse {
        guard let claim = request.claim else { throw ServiceFailure(status: 404, reason: "no such page") }
        let number = claimNumber(claim)
        HMSTrace.currentSpan?.setAttribute("hms.a2a.envelope_id", "env-2026-\(claim)")
        let rows = try await withSpan("SELECT payments", ofKind: .client) { span in
            span.attributes["db.system"] = "postgresql"
            span.attributes["db.query.text"] = "SELECT * FROM payments WHERE claim = $1 ORDER BY paid_at"
            let isScan = number % 5 == 0
            span.attributes["db.rows_scanned"] = isScan ? 1_204_551 : 38_210
            if isScan { span.addEvent("index not used", attributes: ["table": "payments", "plan": "Seq Scan"]) }
            try await work(isScan ? 600...900 : 120...180)
            return number % 9 + 1
        }
        if number % 12 == 0 {
            try await withSpan("post to ledger", ofKind: .client) { span in
                span.attributes["peer.service"] = "ledger"
                try await work(15...25)
                throw ServiceFailure(status: 503, reason: "ledger did not answer within 20 ms")
            }
        }
        try await withSpan("publish payment.checked", ofKind: .producer) { span in
            span.attributes["messaging.system"] = "nats"
            try await work(1...3)
        }
        return json(200, #"{"rows":\#(rows)}"#)
    }
}
