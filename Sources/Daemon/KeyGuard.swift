import EventLoop
package import HTTP
package import SelfTelemetry

/// Stands before a door's service and lets in who shows a key. `/healthz` is open to all. Lives on the service's loop.
package final class KeyGuard: HTTPService {
    private let ring: KeyRing
    private let next: any HTTPService
    private let counters: Counters
    private let log: Log

    /// Shared by all doors of a program.
    package struct Counters: Sendable {
        let missing: Counter
        let unknown: Counter
        let limited: Counter

        package init(program: String, registry: MetricRegistry) {
            func counter(_ reason: String) -> Counter {
                registry.counter(
                    "\(program)_key_refusals_total", help: "Requests turned away for the key they show, by reason.",
                    labels: ["reason": reason])
            }
            missing = counter("missing")
            unknown = counter("unknown")
            limited = counter("limited")
        }
    }

    package init(_ ring: KeyRing, before next: any HTTPService, counters: Counters, log: Log) {
        self.ring = ring
        self.next = next
        self.counters = counters
        self.log = log
    }

    package func admit(_ head: RequestHead) -> HTTPResponse? {
        guard head.path != "/healthz" else { return next.admit(head) }
        switch ring.judge(head.presentedKey, now: .now()) {
        case .welcome(let key):
            if let length = head.contentLength { ring.use(bytes: length, by: key) }
            return next.admit(head)
        case .missing:
            counters.missing.add()
            note(head, "missing")
            return unauthorized(head, "a key is needed; send 'authorization: Bearer KEY' or 'x-api-key: KEY'")
        case .unknown:
            counters.unknown.add()
            note(head, "unknown")
            return unauthorized(head, "the key is unknown; it must be one of the server's 'keys.file'")
        case .limited(let name):
            counters.limited.add()
            log.warning("key_limited", "a key has used up its rate", ["key": name, "path": head.path])
            var response = next.refusal(head, status: 429, reason: "the key '\(name)' has used up its rate")
            if response.headers["retry-after"] == nil { response.headers.add("retry-after", "1") }
            return response
        }
    }

    package func plan(_ head: RequestHead, beginning: [UInt8]) -> BodyPlan { next.plan(head, beginning: beginning) }

    package func serve(_ exchange: HTTPExchange) {
        // Only now is it known how long a body without a stated length was.
        if exchange.head.contentLength == nil, !exchange.body.isEmpty,
            let key = ring.identify(exchange.head.presentedKey)
        {
            ring.use(bytes: exchange.body.count, by: key)
        }
        next.serve(exchange)
    }

    package func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        next.refusal(head, status: status, reason: reason)
    }

    private func note(_ head: RequestHead, _ reason: String) {
        log.warning(
            "unauthorized", "a request without a valid key was refused",
            ["reason": reason, "peer": head.peer?.description ?? "unknown", "path": head.path])
    }

    private func unauthorized(_ head: RequestHead, _ reason: String) -> HTTPResponse {
        var response = next.refusal(head, status: 401, reason: reason)
        // The second makes a browser ask for it: any name, the key as password.
        response.headers.add("www-authenticate", "Bearer, Basic realm=\"HMS-OPS\"")
        return response
    }
}
