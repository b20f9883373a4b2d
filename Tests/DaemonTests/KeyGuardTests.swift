import Access
import EventLoop
import HTTP
import SelfTelemetry
import TLS
import Testing

@testable import Daemon

/// The guard as a matrix: every kind of key at every kind of path. What comes out is the status, and whether the services
/// behind were asked.
@Suite struct KeyGuardTests {
    /// Admits everything and counts how often it is asked.
    private final class Inside: HTTPService {
        var asked = 0
        func admit(_ head: RequestHead) -> HTTPResponse? {
            asked += 1
            return nil
        }
        func serve(_ exchange: HTTPExchange) {}
    }

    private static let keys: [AccessKey] = {
        func key(
            _ name: String, _ scopes: AccessScopes, tenant: String? = nil, expires: String? = nil,
            revoked: String? = nil
        ) -> AccessKey {
            AccessKey(
                name: name, digest: sha256(Array("key-\(name)".utf8)), scopes: scopes,
                tenant: tenant.flatMap { TenantName($0) }, expires: expires.flatMap { UTCSecond($0) },
                revoked: revoked.flatMap { UTCSecond($0) })
        }
        let all: AccessScopes = [AccessScopes(.ingest), AccessScopes(.read), AccessScopes(.admin)]
        return [
            key("ingest", AccessScopes(.ingest)), key("read", AccessScopes(.read)), key("admin", AccessScopes(.admin)),
            key("all", all), key("acme", all, tenant: "acme"), key("ended", all, expires: "2026-01-01"),
            key("revoked", all, revoked: "2026-01-01"),
        ]
    }()

    private struct Outcome: Equatable {
        var status: Int?
        var tenant: String?
        var body = ""
    }

    private func ask(
        _ method: String, _ path: String, as name: String?, tenant: String? = nil, rules: AccessRules = .console,
        watcher: KeyGuard.RefusedActWatcher? = nil, inside: (any HTTPService)? = nil
    ) -> Outcome {
        let keyGuard = KeyGuard(
            KeyRing(Self.keys), rules: rules, before: inside ?? Inside(), tenancy: .apart,
            counters: KeyGuard.Counters(program: "test", registry: MetricRegistry()), watcher: watcher, log: .silent)
        var headers = HTTPHeaders()
        if let name { headers.add("x-api-key", "key-\(name)") }
        if let tenant { headers.add("x-hms-tenant", tenant) }
        var head = RequestHead(method: method, path: path, headers: headers)
        let refusal = keyGuard.authorize(&head)
        if refusal == nil, keyGuard.admit(head) != nil { Issue.record("refused after it was let in") }
        return Outcome(
            status: refusal?.status, tenant: head.tenant,
            body: refusal.map { String(decoding: $0.body, as: UTF8.self) } ?? "")
    }

    private static let paths: [(method: String, path: String, scope: String?)] = [
        ("GET", "/healthz", nil), ("GET", "/readyz", "read"), ("GET", "/metrics", "read all"), ("GET", "/", "read"),
        ("GET", "/assets/console.js", "read"), ("GET", "/trace/0123456789abcdef0123456789abcdef", "read"),
        ("GET", "/nothing", "read"), ("GET", "/api/v1/traces/0123456789abcdef0123456789abcdef", "read"),
        ("GET", "/api/v1/services", "read"), ("GET", "/api/v1/recent", "read"), ("GET", "/api/v1/ledger", "read"),
        ("GET", "/api/v1/explain/0123456789abcdef", "read"), ("GET", "/api/v1/nothing", "read"),
        ("POST", "/api/v1/admin/erase", "admin"), ("GET", "/api/v1/admin/audit", "admin all"),
        ("POST", "/api/v1/admin/nothing", "admin all"),
    ]

    @Test(
        "Every path at the console with every kind of key",
        arguments: paths.map(\.path), [nil, "stranger", "ended", "revoked", "ingest", "read", "admin", "all", "acme"])
    func matrix(path: String, key: String?) throws {
        let row = try #require(Self.paths.first { $0.path == path })
        let inside = Inside()
        let status = ask(row.method, path, as: key, inside: inside).status
        let needed = row.scope?.split(separator: " ").map(String.init)
        let expected: Int? =
            switch (key, needed?.first) {
            case (_, nil): nil
            case (nil, _), ("stranger", _), ("ended", _), ("revoked", _): 401
            case ("all", _): nil
            case ("acme", _): needed?.count == 2 ? 403 : nil
            case (let key, let scope): key == scope ? nil : 403
            }
        #expect(status == expected)
        #expect(inside.asked == (expected == nil ? 1 : 0))
    }

    @Test("An answer to who is turned away is the same whether there is something behind the path or not")
    func tellsNothing() {
        let here = "/api/v1/traces/0123456789abcdef0123456789abcdef"
        for key in [nil, "stranger", "ended", "revoked", "ingest"] {
            #expect(ask("GET", here, as: key) == ask("GET", "/nothing/at/all", as: key))
        }
        #expect(ask("GET", here, as: "ended").body == ask("GET", here, as: "stranger").body)
        #expect(ask("GET", here, as: "revoked").body == ask("GET", here, as: "stranger").body)
    }

    @Test("A refusal names the scope that is needed")
    func namesScope() {
        let body = ask("GET", "/", as: "ingest").body
        #expect(
            body == "{\"error\":{\"code\":\"forbidden\",\"message\":"
                + "\"this needs a key with the scope 'read'; the key 'ingest' has 'ingest'\"}}\n")
        #expect(ask("GET", "/metrics", as: "acme").body.contains("the key 'acme' is a tenant's"))
    }

    @Test(
        "The key decides the tenant; the header has to agree, but for administrators of no tenant",
        arguments: [
            ("read", nil, Outcome()), ("acme", nil, Outcome(tenant: "acme")),
            ("acme", "acme", Outcome(tenant: "acme")), ("acme", "other", Outcome(status: 403)),
            ("acme", "", Outcome(status: 403)), ("read", "acme", Outcome(status: 403)),
            ("all", "acme", Outcome(tenant: "acme")), ("all", "../acme", Outcome(status: 403)),
            ("all", "Acme", Outcome(status: 403)),
        ] as [(String, String?, Outcome)])
    private func tenants(key: String, header: String?, expected: Outcome) {
        var outcome = ask("GET", "/", as: key, tenant: header)
        outcome.body = ""
        #expect(outcome == expected)
    }

    @Test("Refused acts are told of with the key's name where it is known; refused reading is not")
    func tellsOfActs() {
        var told: [String] = []
        let watcher: KeyGuard.RefusedActWatcher = { told.append("\($0.path) \($1) \($2 ?? "-")") }
        for key in [nil, "stranger", "ended", "revoked", "ingest", "acme", "all"] {
            _ = ask("GET", "/api/v1/admin/audit", as: key, watcher: watcher)
            _ = ask("GET", "/api/v1/services", as: key, watcher: watcher)
        }
        let path = "/api/v1/admin/audit"
        #expect(
            told == [
                "\(path) missing -", "\(path) unknown -", "\(path) expired ended", "\(path) revoked revoked",
                "\(path) forbidden ingest", "\(path) forbidden acme",
            ])
    }

    @Test("At the telemetry door every path needs the scope ingest")
    func telemetry() {
        for path in ["/v1/traces", "/nothing", "/api/v1/admin/audit"] {
            #expect(ask("POST", path, as: "ingest", rules: .telemetry).status == nil)
            #expect(ask("POST", path, as: "read", rules: .telemetry).status == 403)
            #expect(ask("POST", path, as: "admin", rules: .telemetry).status == 403)
        }
    }
}
