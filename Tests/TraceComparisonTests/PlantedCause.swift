import OTLP
import TraceAssembly
import TraceModel

/// A made-up system of services in which one thing is slow, and two populations of its traces.
///
/// Confounders: regions that hosts stand in, pods on hosts, tiers that tenants have, shards that tenants live on, ids that never
/// come again, versions that roll out, threads, log-normal times, failures of no consequence, slow calls of no consequence,
/// calls that are made now and then or several times, and populations that are not pure.
struct PlantedCause {
    enum Kind: String, CaseIterable {
        case attribute
        case version
        case host
        case operation
    }

    let kind: Kind
    let seed: UInt64
    /// What must be named: `what` and the beginning of `where`.
    let what: String
    let place: String
    let a: [AssembledTrace]
    let b: [AssembledTrace]
    let note: String

    init(_ kind: Kind, seed: UInt64) {
        var system = MadeUpSystem(kind, seed: seed)
        self.kind = kind
        self.seed = seed
        (a, b) = system.populations()
        what = system.what
        place = system.place
        note = system.note
    }
}

private struct MadeUpSystem {
    struct Call {
        var service: Int
        var name: String
        var kind: SpanKind
        var median: Double
        var sigma: Double
        var children: [Int] = []
        var probability = 1.0
        var repeats = 1
        var isParallel = false
        var hasID = false
    }

    struct Pod {
        var name: String
        var host: Int
        var version: String
        var instance: String
    }

    private var random: SeededGenerator
    private let kind: PlantedCause.Kind
    private var calls: [Call] = []
    private var pods: [[Pod]] = []
    private var hostRegions: [String] = []
    private let services: [String]
    /// Slow: the call, the service, the host or the value.
    private var slowCall = 0
    private var slowService = 0
    private var slowHost = 0
    private var slowKey = ""
    private var slowValue = ""
    private var factor = 1.0
    private var share = 0.0
    private var isIncident = false
    private(set) var what = ""
    private(set) var place = ""
    private(set) var note = ""
    private var nextTrace: UInt64 = 1
    /// Traces with a span that was made slow.
    private var affected: Set<TraceID> = []
    private var isAffected = false

    private static let nouns = ["gateway", "orders", "pay", "stock", "users", "search", "mail", "prices"]
    private static let tenants = ["acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "wonka"]
    private static let tiers = ["gold", "silver", "bronze"]

    init(_ kind: PlantedCause.Kind, seed: UInt64) {
        self.kind = kind
        random = SeededGenerator(seed: seed)
        let count = 4 + random.index(4)
        services = Array(Self.nouns.prefix(count))
        makeHosts()
        makeCalls()
        plant()
    }

    private mutating func makeHosts() {
        let hosts = 4 + random.index(4)
        hostRegions = (0..<hosts).map { $0 < hosts / 2 ? "eu-1" : "us-2" }
        for service in services {
            var list: [Pod] = []
            for index in 0..<(2 + random.index(3)) {
                list.append(
                    Pod(
                        name: "\(service)-\(index)", host: random.index(hosts),
                        version: random.chance(0.4) ? "2.1.0" : "2.0.7",
                        instance: "i-\(random.next() % 100_000)"))
            }
            // Both versions run, and not all pods on one host.
            list[0].version = "2.1.0"
            list[1].version = "2.0.7"
            if list.allSatisfy({ $0.host == list[0].host }) { list[1].host = (list[0].host + 1) % hosts }
            pods.append(list)
        }
    }

    /// A tree of client and server spans, some of them databases without a span of their own.
    private mutating func makeCalls() {
        calls = [Call(service: 0, name: "POST /checkout", kind: .server, median: 3e6, sigma: 0.4)]
        for service in 1..<services.count {
            // Called by one of the services before it.
            let callers = calls.indices.filter { calls[$0].kind == .server && calls[$0].service < service }
            let caller = random.pick(callers)
            let client = calls.count
            calls.append(
                Call(
                    service: calls[caller].service, name: "\(services[service]).Do", kind: .client, median: 4e5,
                    sigma: 0.5))
            if random.chance(0.3) { calls[client].probability = 0.8 }
            calls[caller].children.append(client)
            for operation in 0..<(1 + random.index(2)) {
                let server = calls.count
                calls.append(
                    Call(
                        service: service,
                        name: operation == 0 ? "POST /\(services[service])" : "GET /\(services[service])/42",
                        kind: .server, median: random.between(2e6, 9e6), sigma: random.between(0.3, 0.6)))
                calls[server].hasID = operation == 1
                calls[client].children.append(server)
                for query in 0..<(1 + random.index(2)) {
                    calls.append(
                        Call(
                            service: service, name: query == 0 ? "SELECT \(services[service])" : "GET cache",
                            kind: .client,
                            median: random.between(1e6, 6e6), sigma: random.between(0.3, 0.7),
                            repeats: random.chance(0.3) ? 3 : 1))
                    calls[server].children.append(calls.count - 1)
                }
                calls[server].isParallel = random.chance(0.2)
            }
        }
        if random.chance(0.5) { calls[0].isParallel = true }
    }

    private mutating func plant() {
        factor = random.between(4, 12)
        isIncident = random.chance(0.35)
        switch kind {
        case .attribute:
            slowKey = random.pick(["db.shard", "tenant.id", "cart.currency"])
            slowCall = random.pick(
                calls.indices.filter {
                    calls[$0].service > 0 && calls[$0].median > 9e5
                        && (slowKey != "db.shard" || calls[$0].kind == .client)
                })
            slowValue =
                slowKey == "db.shard"
                ? "s\(2 + random.index(3))" : slowKey == "tenant.id" ? Self.tenants[1 + random.index(3)] : "CHF"
            what = "\(slowKey) = \"\(slowValue)\""
            place = services[calls[slowCall].service]
        case .version:
            slowService = 1 + random.index(services.count - 1)
            what = "service.version = \"2.1.0\""
            place = services[slowService]
        case .host:
            // Of those that run pods of several services.
            let hosts = hostRegions.indices.filter { host in pods.count { $0.contains { $0.host == host } } >= 2 }
            slowHost = random.pick(hosts)
            what = "host.name = \"node-\(slowHost)\""
            place = ""
        case .operation:
            slowCall = random.pick(calls.indices.filter { calls[$0].service > 0 && calls[$0].median > 9e5 })
            share = random.between(0.2, 0.5)
            let name = calls[slowCall].hasID ? "GET /\(services[calls[slowCall].service])/{id}" : calls[slowCall].name
            what = "\(services[calls[slowCall].service]) · \(name) takes longer"
            place = services[calls[slowCall].service]
        }
        // Noticeable in the whole: a slow span of a millisecond is not what makes a trace slow.
        if kind == .operation || kind == .attribute { factor = max(factor, 4e7 / calls[slowCall].median) }
    }

    // MARK: Populations

    /// The slow ones and the rest of one time, as many as are affected being slow; or the slow ones of an incident, and what was
    /// before it.
    mutating func populations() -> (a: [AssembledTrace], b: [AssembledTrace]) {
        // Only those that are drawn are assembled: that takes most of the time.
        let drawn = drawn()
        let populations = (a: drawn.a.map(\.assembled), b: drawn.b.map(\.assembled))
        let (pure, stained) = (
            populations.a.count { affected.contains($0.traceID) }, populations.b.count { affected.contains($0.traceID) }
        )
        note =
            "×\(Int(factor)), \(services.count) services, \(isIncident ? "before and during" : "slow and fast"), "
            + "affected: \(pure) of \(populations.a.count) and \(stained) of \(populations.b.count)"
        return populations
    }

    private mutating func drawn() -> (a: [MadeUpTrace], b: [MadeUpTrace]) {
        let countA = 30 + random.index(171)
        let countB = 30 + random.index(171)
        if isIncident {
            var during = (0..<countA).map { _ in trace(isBroken: true) }
            let wanted = countA + countA / 10
            while during.count < 20 * countA, during.count(where: { affected.contains($0.id) }) < wanted {
                for _ in 0..<20 { during.append(trace(isBroken: true)) }
            }
            let before = (0..<countB).map { _ in trace(isBroken: false) }
            let sorted = during.sorted { $0.duration > $1.duration }
            return (Array(sorted.prefix(countA)), before)
        }
        var pool: [MadeUpTrace] = []
        for _ in 0..<(countA + countB) * 2 { pool.append(trace(isBroken: true)) }
        let slow = min(pool.count / 2, max(pool.count / 20, pool.count { affected.contains($0.id) }))
        let bound = pool.map(\.duration).sorted()[pool.count - 1 - slow]
        var (a, b) = ([MadeUpTrace](), [MadeUpTrace]())
        while a.count < countA || b.count < countB {
            let trace = pool.popLast() ?? trace(isBroken: true)
            if trace.duration > bound {
                if a.count < countA { a.append(trace) }
            } else if b.count < countB {
                b.append(trace)
            }
        }
        return (a, b)
    }

    // MARK: One trace

    private struct Situation {
        var pods: [Int]
        var tenant: String
        var tier: String
        var shard: String
        var currency: String
        var user: String
        var isBroken: Bool
        var isSlowCall: Bool
        var start: UInt64
    }

    private mutating func trace(isBroken: Bool) -> MadeUpTrace {
        let tenant = random.skewed(Self.tenants.count)
        let shard = random.chance(0.8) ? tenant % 5 : random.index(5)
        let situation = Situation(
            pods: pods.map { random.index($0.count) }, tenant: Self.tenants[tenant],
            tier: random.chance(0.85) ? Self.tiers[tenant % 3] : random.pick(Self.tiers), shard: "s\(shard)",
            currency: random.pick(["EUR", "EUR", "EUR", "USD", "USD", "CHF", "GBP"]), user: "u-\(random.index(900))",
            isBroken: isBroken, isSlowCall: random.chance(share),
            start: 1_790_000_000_000_000_000 + random.next() % 1_000_000_000_000)
        let id = TraceID(high: random.next() | 1, low: nextTrace)
        nextTrace += 1
        var spans: [SpanValue] = []
        isAffected = false
        defer { if isAffected { affected.insert(id) } }
        _ = run(0, under: nil, at: situation.start, situation, id, &spans)
        return MadeUpTrace(id: id, spans: spans)
    }

    /// - Returns: when it ends.
    private mutating func run(
        _ index: Int, under parent: SpanID?, at start: UInt64, _ situation: Situation, _ id: TraceID,
        _ spans: inout [SpanValue]
    ) -> UInt64 {
        let call = calls[index]
        let pod = pods[call.service][situation.pods[call.service]]
        let attributes = attributes(of: call, situation)
        let own = selfTime(index, pod, attributes, situation)
        let span = SpanID(value: random.next() | 1)
        var now = start + UInt64(own * 0.6)
        var latest = now
        for child in call.children where random.chance(calls[child].probability) {
            for _ in 0..<(1 + random.index(calls[child].repeats)) {
                let end = run(child, under: span, at: now, situation, id, &spans)
                latest = max(latest, end)
                if !call.isParallel { now = end }
            }
        }
        let end = latest + UInt64(own * 0.4)
        var value = SpanValue(
            traceID: id, spanID: span, parentSpanID: parent,
            name: call.hasID ? "GET /\(services[call.service])/\(1000 + random.index(9000))" : call.name,
            kind: call.kind,
            startUnixNano: start, endUnixNano: end, attributes: attributes,
            resource: ResourceValue([
                Attribute("service.name", .string(services[call.service])),
                Attribute("service.version", .string(pod.version)),
                Attribute("service.instance.id", .string(pod.instance)),
                Attribute("k8s.pod.name", .string(pod.name)),
                Attribute("host.name", .string("node-\(pod.host)")),
                Attribute("cloud.region", .string(hostRegions[pod.host])),
                Attribute("telemetry.sdk.language", .string("swift")),
            ]))
        if random.chance(0.01) { value.status = SpanStatus(.error, message: "upstream said no") }
        spans.append(value)
        return end
    }

    private mutating func attributes(of call: Call, _ situation: Situation) -> [Attribute] {
        var attributes = [
            Attribute("request.id", .string("r-\(random.next())")),
            Attribute("thread.id", .int(Int64(random.index(16)))),
            Attribute("tenant.id", .string(situation.tenant)),
        ]
        if call.kind == .server {
            attributes += [
                Attribute("customer.tier", .string(situation.tier)), Attribute("user.id", .string(situation.user)),
                Attribute("cart.currency", .string(situation.currency)),
                Attribute("http.response.body.size", .int(Int64(random.around(2000, 0.8)))),
                Attribute("http.request.method", .string(call.name.hasPrefix("GET") ? "GET" : "POST")),
            ]
        } else {
            attributes += [
                Attribute("db.shard", .string(situation.shard)),
                Attribute("cart.currency", .string(situation.currency)),
                Attribute("net.peer.port", .int(random.chance(0.5) ? 5432 : 6432)),
                Attribute("retry", .bool(random.chance(0.05))),
            ]
        }
        return attributes
    }

    private mutating func selfTime(
        _ index: Int, _ pod: Pod, _ attributes: [Attribute], _ situation: Situation
    ) -> Double {
        let call = calls[index]
        var time = random.around(call.median, call.sigma)
        // Slow for no reason.
        if random.chance(0.01) { time *= random.between(3, 10) }
        guard situation.isBroken else { return time }
        let isSlow =
            switch kind {
            case .attribute: index == slowCall && attributes[slowKey]?.string == slowValue
            case .version: call.service == slowService && pod.version == "2.1.0"
            case .host: pod.host == slowHost
            case .operation: index == slowCall && situation.isSlowCall
            }
        if isSlow { isAffected = true }
        return isSlow ? time * random.around(factor, 0.2) : time
    }
}

/// The spans of a trace, before it is known whether the trace is wanted.
struct MadeUpTrace {
    let id: TraceID
    let spans: [SpanValue]
    /// From the first start to the last end.
    let duration: UInt64

    init(id: TraceID, spans: [SpanValue]) {
        (self.id, self.spans) = (id, spans)
        duration = (spans.map(\.endUnixNano).max() ?? 0) - (spans.map(\.startUnixNano).min() ?? 0)
    }

    var assembled: AssembledTrace { assemble(spans, as: id) }

    /// From the first start to the last end.
}
