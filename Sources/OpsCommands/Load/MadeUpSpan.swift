/// Encodes spans of a `MadeUpTrace`, each with eight attributes of which some differ in each trace.
enum MadeUpSpan {
    static let services = [
        "web-portal", "gateway", "mobile-api", "eligibility", "claims", "policies", "payments", "ledger", "documents",
        "notifications", "customers", "pricing", "fraud", "identity", "search", "billing", "audit", "ratings",
        "sessions",
        "appointments", "referrals", "prescriptions", "benefits", "providers",
    ]
    private static let objects = [
        "pages", "routes", "screens", "checks", "claims", "policies", "payments", "entries", "documents", "messages",
        "customers", "quotes", "alerts", "tokens", "listings", "invoices", "events", "ratings", "sessions",
        "appointments", "referrals", "prescriptions", "benefits", "providers",
    ]
    private static let languages = ["java", "go", "nodejs", "python", "dotnet"]
    private static let agents = [
        "okhttp/4.12.0", "Go-http-client/2.0", "axios/1.6.8", "python-requests/2.31.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    ]
    private static let verbs = ["GET", "GET", "POST", "PUT", "DELETE"]
    private static let statements = [
        "SELECT id, state, amount, owner_id FROM % WHERE id = ######",
        "SELECT count(*) FROM % WHERE owner_id = ###### AND state <> 'done'",
        "INSERT INTO % (owner_id, state, created_at) VALUES (######, 'new', now())",
        "UPDATE % SET state = 'done', updated_at = now() WHERE id = ######",
        "SELECT id, state FROM % WHERE owner_id = ###### ORDER BY created_at DESC LIMIT 20",
    ]
    private static let steps = ["validate", "loadRules", "computeTotals", "render", "checkLimits"]
    private static let failures = [
        ("java.net.SocketTimeoutException", "upstream did not answer within 2000 ms"),
        ("context.DeadlineExceeded", "connection reset by peer"),
        ("OperationalError", "deadlock detected while updating row"),
    ]

    static func resource(of service: Int, pod: Int) -> Stencil {
        let name = services[service]
        var writer = Stencil()
        text("service.name", name, number: 1, to: &writer)
        text("service.version", "1.\(service % 12).\(service * 7 % 30)", number: 1, to: &writer)
        text("host.name", "ip-10-\(service)-\(pod * 17)-\(service * 5 + pod)", number: 1, to: &writer)
        text("k8s.pod.name", "\(name)-7d9f5c\(10 + service)-x\(pod)k2p", number: 1, to: &writer)
        text("k8s.namespace.name", "prod", number: 1, to: &writer)
        text("telemetry.sdk.language", languages[service % languages.count], number: 1, to: &writer)
        return writer
    }

    static func scope(of service: Int) -> Stencil {
        var writer = Stencil()
        writer.string(1, "io.example.\(languages[service % languages.count])-http")
        writer.string(2, "1.32.0")
        return writer
    }

    static func encode(_ span: MadeUpTrace.Span, _ random: inout LoadRandom) -> Stencil {
        var writer = Stencil()
        writer.hole(1, .traceID)
        writer.hole(2, .spanID)
        if span.parent != nil { writer.hole(4, .parentID) }
        writer.string(5, name(of: span))
        writer.varint(6, kind(of: span.work))
        writer.hole(7, .start)
        writer.hole(8, .end)
        attributes(of: span, &random, to: &writer)
        if span.isError {
            let (type, message) = random.pick(failures)
            writer.message(11) { event in
                event.hole(1, .end)
                event.string(2, "exception")
                text("exception.type", type, number: 3, to: &event)
                text("exception.message", message, number: 3, to: &event)
            }
            writer.message(15) { status in
                status.string(2, message)
                status.varint(3, 2)
            }
        }
        writer.fixed32(16, 0x101)
        return writer
    }

    private static func kind(of work: MadeUpTrace.Work) -> UInt64 {
        switch work {
        case .step: 1
        case .serve: 2
        case .call, .database, .cache: 3
        case .publish: 4
        case .process: 5
        }
    }

    private static func name(of span: MadeUpTrace.Span) -> String {
        let object = objects[span.service]
        return switch span.work {
        case .serve: "\(verbs[span.operation]) \(route(objects[span.service], span.operation))"
        case .call: "\(verbs[span.operation]) \(route(objects[span.callee], span.operation))"
        case .database: "\(verb(ofStatement: span.operation)) \(object)"
        case .cache: span.operation % 2 == 1 ? "HGETALL" : "GET"
        case .step: "\(object).\(steps[span.operation])"
        case .publish: "\(object).changed publish"
        case .process: "\(object).changed process"
        }
    }

    private static func route(_ object: String, _ operation: Int, id: String = "{id}") -> String {
        switch operation {
        case 0, 3, 4: "/\(object)/\(id)"
        case 1: "/\(object)/\(id)/items"
        default: "/\(object)"
        }
    }

    private static func verb(ofStatement operation: Int) -> String {
        String(statements[operation].prefix { $0 != " " })
    }

    private static func attributes(
        of span: MadeUpTrace.Span, _ random: inout LoadRandom, to writer: inout Stencil
    ) {
        let object = objects[span.service]
        func text(_ key: String, _ value: String, _ filling: Stencil.Filling? = nil) {
            Self.text(key, value, filling, number: 9, to: &writer)
        }
        func number(_ key: String, _ value: Int) { Self.value(key, to: &writer) { $0.varint(3, UInt64(value)) } }
        func bool(_ key: String, _ value: Bool) { Self.value(key, to: &writer) { $0.varint(2, value ? 1 : 0) } }
        switch span.work {
        case .serve, .call:
            let callee = span.work == .serve ? span.service : span.callee
            let (service, target) = (services[callee], objects[callee])
            let path = route(target, span.operation, id: "######")
            let query = path.contains("#") ? path : path + "?after=######"
            text("http.request.method", verbs[span.operation])
            text("http.route", route(target, span.operation))
            number(
                "http.response.status_code",
                span.isError ? 500 + random.below(2) * 3 : [200, 200, 201, 204, 204][span.operation])
            text("server.address", "\(service).prod.svc")
            text("user.id", "u-######", .user)
            if span.work == .serve {
                text("url.path", query, .object)
                Self.value("network.peer.port", to: &writer) { $0.portHole(3) }
                text("user_agent.original", random.pick(agents))
            } else {
                text("url.full", "http://\(service).prod.svc:8080\(query)", .object)
                number("server.port", 8080)
                text("network.protocol.version", "1.1")
            }
        case .database:
            let statement = statements[span.operation].split(separator: "%", maxSplits: 1)
            text("db.system", "postgresql")
            text("db.namespace", object)
            text("db.operation.name", verb(ofStatement: span.operation))
            text("db.query.text", statement.joined(separator: object), .number)
            text("server.address", "pg-\(object).prod.internal")
            number("server.port", 5432)
            text("db.user", "\(object)_rw")
            text("user.id", "u-######", .user)
        case .cache:
            let command = span.operation % 2 == 1 ? "HGETALL" : "GET"
            text("db.system", "redis")
            text("db.query.text", "\(command) \(object):v2:######:summary", .object)
            text("db.operation.name", command)
            number("db.redis.database_index", random.below(8))
            text("server.address", "redis-\(random.below(6)).prod.internal")
            number("server.port", 6379)
            text("user.id", "u-######", .user)
            bool("cache.hit", random.below(5) > 0)
        case .step:
            text("code.function.name", steps[span.operation])
            text("code.namespace", "com.example.\(object).core")
            number("thread.id", 20 + random.below(100))
            text("thread.name", "worker-pool-\(random.below(16))")
            text("user.id", "u-######", .user)
            text("app.entity.id", "\(object)-######", .object)
            Self.value("app.score", to: &writer) { $0.double(4, Double(random.below(10_000)) / 97) }
            bool("app.feature.enabled", random.below(2) > 0)
        case .publish, .process:
            text("messaging.system", "kafka")
            text("messaging.destination.name", "\(object).changed")
            text("messaging.operation.type", span.work == .publish ? "send" : "process")
            text("messaging.message.id", "m-########", .hex)
            text("hms.a2a.envelope_id", "env-20260101-######", .object)
            text("server.address", "kafka-\(random.below(3)).prod.internal")
            text("user.id", "u-######", .user)
            number("messaging.kafka.partition", random.below(24))
        }
    }

    private static func text(
        _ key: String, _ value: String, _ filling: Stencil.Filling? = nil, number: UInt32, to writer: inout Stencil
    ) {
        writer.message(number) { pair in
            pair.string(1, key)
            pair.message(2) { inner in
                if let filling { inner.string(1, value, filling) } else { inner.string(1, value) }
            }
        }
    }

    private static func value(_ key: String, to writer: inout Stencil, _ body: (inout Stencil) -> Void) {
        writer.message(9) { pair in
            pair.string(1, key)
            pair.message(2, body)
        }
    }
}
