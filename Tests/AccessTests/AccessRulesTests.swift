import Testing

@testable import Access

@Suite("The access tables") struct AccessRulesTests {
    @Test(
        "The collector's console",
        arguments: [
            ("GET", "/healthz", AccessNeed.nothing),
            ("POST", "/healthz", .nothing),
            ("GET", "/healthz/", .nothing),
            ("GET", "/healthzz", .scope(.read)),
            ("GET", "/readyz", .scope(.read)),
            ("GET", "/metrics", .program(.read)),
            ("GET", "/metrics/x", .program(.read)),
            ("GET", "/", .scope(.read)),
            ("GET", "/assets/console.js", .scope(.read)),
            ("GET", "/nothing/here", .scope(.read)),
            ("GET", "/api/v1/traces/0123456789abcdef0123456789abcdef", .scope(.read)),
            ("GET", "/api/v1/services", .scope(.read)),
            ("GET", "/api/v1/recent", .scope(.read)),
            ("GET", "/api/v1/ledger", .scope(.read)),
            ("GET", "/api/v1/explain/0123456789abcdef", .scope(.read)),
            ("POST", "/api/v1/search", .scope(.read)),
            ("GET", "/api/traces", .scope(.read)),
            ("GET", "/api/v1/admin", .program(.admin)),
            ("GET", "/api/v1/admin/audit", .program(.admin)),
            ("POST", "/api/v1/admin/backup", .program(.admin)),
            ("DELETE", "/api/v1/admin/nothing", .program(.admin)),
            ("POST", "/api/v1/admin/erase", .scope(.admin)),
            ("PUT", "/api/v1/admin/pins/1", .scope(.admin)),
            ("POST", "/api/v1/admin/erased", .program(.admin)),
            ("GET", "/api/v1/administrators", .scope(.read)),
            ("GET", "", .scope(.read)),
        ])
    func console(method: String, path: String, need: AccessNeed) {
        #expect(AccessRules.console.need(method, path) == need)
    }

    @Test(
        "Doors for telemetry",
        arguments: [
            (AccessRules.telemetry, "POST", "/v1/traces", AccessNeed.scope(.ingest)),
            (.telemetry, "POST", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", .scope(.ingest)),
            (.telemetry, "GET", "/api/v1/admin", .scope(.ingest)),
            (.telemetry, "GET", "/healthz", .nothing),
            (.push, "POST", "/metrics", .scope(.ingest)), (.push, "GET", "/metrics", .scope(.read)),
            (.push, "HEAD", "/metrics", .scope(.read)), (.push, "PUT", "/ingest", .scope(.ingest)),
            (.pages, "GET", "/ledger", .scope(.read)), (.pages, "GET", "/healthz", .nothing),
            (.pages, "GET", "/readyz", .scope(.read)),
        ])
    func telemetry(rules: AccessRules, method: String, path: String, need: AccessNeed) {
        #expect(rules.need(method, path) == need)
    }

    @Test("The last row of each table fits everything", arguments: [AccessRules.console, .telemetry, .push, .pages])
    func isTotal(rules: AccessRules) {
        #expect(rules.rows.last?.path == "" && rules.rows.last?.methods == nil)
    }
}
