package import Access
import EventLoop
package import HTTP
package import SelfTelemetry

/// Stands before a door's service and lets in who shows a key that is good for what the request needs. The answer to who is
/// turned away depends on the key and the row of the access table alone, never on what is behind the path. Lives on the
/// service's loop.
package final class KeyGuard: HTTPService {
    private let ring: KeyRing
    private let rules: AccessRules
    private let next: any HTTPService
    private let counters: Counters
    private let tenancy: Tenancy
    private let watcher: RefusedActWatcher?
    private let log: Log

    /// Whether keys' tenants mean something behind the door.
    package enum Tenancy: Sendable {
        /// Data of all tenants goes the same way, as in the sidecar.
        case together
        case apart
    }

    /// Is told of every act that needed the scope admin and was refused, with the key's name where it is known.
    package typealias RefusedActWatcher = (_ head: RequestHead, _ reason: String, _ key: String?) -> Void

    /// Shared by all doors of a program.
    package struct Counters: Sendable {
        let missing: Counter
        let unknown: Counter
        let expired: Counter
        let revoked: Counter
        let forbidden: Counter
        let limited: Counter

        package init(program: String, registry: MetricRegistry) {
            func counter(_ reason: String) -> Counter {
                registry.counter(
                    "\(program)_key_refusals_total", help: "Requests turned away for the key they show, by reason.",
                    labels: ["reason": reason])
            }
            missing = counter("missing")
            unknown = counter("unknown")
            expired = counter("expired")
            revoked = counter("revoked")
            forbidden = counter("forbidden")
            limited = counter("limited")
        }
    }

    package init(
        _ ring: KeyRing, rules: AccessRules, before next: any HTTPService, tenancy: Tenancy = .together,
        counters: Counters, watcher: RefusedActWatcher? = nil, log: Log
    ) {
        self.ring = ring
        self.rules = rules
        self.next = next
        self.tenancy = tenancy
        self.counters = counters
        self.watcher = watcher
        self.log = log
    }

    package func authorize(_ head: inout RequestHead) -> HTTPResponse? {
        let need = rules.need(head.method, head.path)
        if need == .nothing { return nil }
        switch ring.judge(head.presentedKey, for: need, now: .now()) {
        case .welcome(let identity, let key):
            if tenancy == .apart, let refusal = place(&head, key, need) { return refusal }
            head.identity = identity
            if let length = head.contentLength { ring.use(bytes: length, by: identity) }
            return nil
        case .missing:
            counters.missing.add()
            return unauthorized(
                head, need, "missing", nil, "a key is needed; send 'authorization: Bearer KEY' or 'x-api-key: KEY'")
        case .unknown:
            counters.unknown.add()
            return unauthorized(head, need, "unknown", nil, Self.notGood)
        case .expired(let name):
            counters.expired.add()
            return unauthorized(head, need, "expired", name, Self.notGood)
        case .revoked(let name):
            counters.revoked.add()
            return unauthorized(head, need, "revoked", name, Self.notGood)
        case .forbidden(_, let key):
            return forbidden(head, need, key, Self.lack(need, key))
        case .limited(_, let key):
            counters.limited.add()
            log.warning("key_limited", "a key has used up its rate", ["key": key.name, "path": head.path])
            var response = next.refusal(head, status: 429, reason: "the key '\(key.name)' has used up its rate")
            if response.headers["retry-after"] == nil { response.headers.add("retry-after", "1") }
            return response
        }
    }

    /// The same for each, as whoever shows a key that is not good need not learn that it once was.
    private static let notGood =
        "the key is not good here: it is unknown, expired or revoked; the server's log says which"

    package func admit(_ head: RequestHead) -> HTTPResponse? { next.admit(head) }

    package func plan(_ head: RequestHead, beginning: [UInt8]) -> BodyPlan { next.plan(head, beginning: beginning) }

    package func serve(_ exchange: HTTPExchange) {
        // Only now is it known how long a body without a stated length was.
        if exchange.head.contentLength == nil, !exchange.body.isEmpty, let identity = exchange.head.identity {
            ring.use(bytes: exchange.body.count, by: identity)
        }
        next.serve(exchange)
    }

    package func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        next.refusal(head, status: status, reason: reason)
    }

    // MARK: tenants

    /// The header names a tenant for who may choose; for all others it has to agree with the key.
    package static let tenantHeader = "x-hms-tenant"

    private func place(_ head: inout RequestHead, _ key: AccessKey, _ need: AccessNeed) -> HTTPResponse? {
        guard let named = head.headers[Self.tenantHeader] else {
            head.tenant = key.tenant?.text
            return nil
        }
        if let own = key.tenant {
            guard named == own.text else {
                return forbidden(head, need, key, "the key is not for the tenant that '\(Self.tenantHeader)' names")
            }
            head.tenant = own.text
            return nil
        }
        guard key.scopes.allows(.admin) else {
            return forbidden(
                head, need, key,
                "'\(Self.tenantHeader)' may be sent with a key of that tenant, or with one of the scope admin")
        }
        guard let tenant = TenantName(named) else {
            return forbidden(head, need, key, "'\(Self.tenantHeader)' is no tenant's name: \(TenantName.rule)")
        }
        head.tenant = tenant.text
        return nil
    }

    // MARK: refusals

    private static func lack(_ need: AccessNeed, _ key: AccessKey) -> String {
        guard let scope = need.scope, !key.scopes.allows(scope) else {
            return "this concerns all tenants and needs a key without one; the key '\(key.name)' is a tenant's"
        }
        return "this needs a key with the scope '\(scope.rawValue)'; the key '\(key.name)' has '\(key.scopes)'"
    }

    private func forbidden(
        _ head: RequestHead, _ need: AccessNeed, _ key: AccessKey, _ reason: String
    ) -> HTTPResponse {
        counters.forbidden.add()
        log.warning(
            "forbidden", "a key is not good for what it was shown for",
            ["key": key.name, "reason": reason, "peer": head.peer?.description ?? "unknown", "path": head.path])
        if need.scope == .admin { watcher?(head, "forbidden", key.name) }
        return next.refusal(head, status: 403, reason: reason)
    }

    private func unauthorized(
        _ head: RequestHead, _ need: AccessNeed, _ why: String, _ key: String?, _ reason: String
    ) -> HTTPResponse {
        log.warning(
            "unauthorized", "a request without a valid key was refused",
            ["reason": why, "key": key ?? "", "peer": head.peer?.description ?? "unknown", "path": head.path])
        if need.scope == .admin { watcher?(head, why, key) }
        var response = next.refusal(head, status: 401, reason: reason)
        // The second makes a browser ask for it: any name, the key as password.
        response.headers.add("www-authenticate", "Bearer, Basic realm=\"HMS-OPS\"")
        return response
    }
}
