import OTLP
import TraceAssembly
import TraceModel

/// Another made-up system, harder to see through than that of `PlantedCause`, and not what scores were chosen on: several
/// kinds of requests of very different length, work in parallel and behind queues, heavy tails, regions that tenants are sent to, a roll-out
/// of no consequence in the time of the trouble, flags that stand on the first span alone, weak effects, and fast traces that are
/// affected too.
struct ConfusedCause {
    enum Kind: String, CaseIterable {
        case flag
        case attribute
        case version
        case host
        case operation
    }

    let kind: Kind
    let seed: UInt64
    private(set) var what = ""
    private(set) var place = ""
    private(set) var a: [AssembledTrace] = []
    private(set) var b: [AssembledTrace] = []

    private var random: SeededGenerator
    private let services = ["edge", "cart", "bill", "ship", "risk", "feed"]
    private var operations: [Operation] = []
    private var roots: [Int] = []
    private var slowOperation = 0
    private var slowService = 0
    private var slowHost = 0
    private var slowValue = ""
    private var factor = 1.0
    private var nextTrace: UInt64 = 1
    private var isRollOut = false

    private struct Operation {
        var service: Int
        var name: String
        var median: Double
        var sigma: Double
        var children: [Int] = []
        var isParallel = false
        var isQueued = false
        var probability = 1.0
    }

    private struct Request {
        var tenant: Int
        var region: Int
        var hosts: [Int]
        var versions: [String]
        var flag: String
        var isSlow: Bool
    }

    init(_ kind: Kind, seed: UInt64) {
        (self.kind, self.seed) = (kind, seed)
        random = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ UInt64(kind.rawValue.utf8.count))
        makeOperations()
        plant()
        draw()
    }

    private mutating func makeOperations() {
        for (service, name) in services.enumerated() where service > 0 {
            for verb in ["load", "store", "check"].prefix(2 + random.index(2)) {
                operations.append(
                    Operation(
                        service: service, name: "\(verb) \(name)", median: random.around(4e6, 0.7),
                        sigma: random.between(0.4, 0.9), isParallel: random.chance(0.4), isQueued: random.chance(0.1),
                        probability: random.chance(0.3) ? random.between(0.6, 0.95) : 1))
            }
        }
        // Each calls some that stand behind it.
        for index in operations.indices {
            let behind = operations.indices.filter { operations[$0].service > operations[index].service }
            guard !behind.isEmpty else { continue }
            for _ in 0..<random.index(3) { operations[index].children.append(random.pick(behind)) }
        }
        let first = operations.indices.filter { operations[$0].service <= 2 }
        for index in 0..<3 {
            operations.append(
                Operation(
                    service: 0, name: "POST /\(["buy", "view", "sync"][index])", median: 3e6 * Double(index + 1),
                    sigma: 0.4,
                    children: (0..<(1 + index)).map { _ in random.pick(first) }))
            roots.append(operations.count - 1)
        }
    }

    private mutating func plant() {
        // What some request waits for.
        var often: [Int] = []
        var open = roots
        var seen: Set<Int> = []
        while let index = open.popLast() {
            for child in operations[index].children where seen.insert(child).inserted && !operations[index].isQueued {
                often.append(child)
                open.append(child)
            }
        }
        often.sort()
        let callable = often.filter { !operations[$0].isQueued && operations[$0].probability == 1 }
        slowOperation = random.pick(callable.isEmpty ? often : callable)
        operations[slowOperation].sigma = min(0.6, operations[slowOperation].sigma)
        slowService = operations[slowOperation].service
        slowHost = random.index(5)
        factor = max(random.between(3, 6), 3.5e7 / operations[slowOperation].median)
        let title = "\(services[slowService]) · \(operations[slowOperation].name)"
        switch kind {
        case .flag:
            slowValue = "beta"
            (what, place) = ("feature.search = \"beta\"", "edge")
        case .attribute:
            slowValue = "w\(1 + random.index(3))"
            (what, place) = ("warehouse = \"\(slowValue)\"", services[slowService])
        case .version: (what, place) = ("service.version = \"4.2\"", services[slowService])
        case .host:
            factor = random.between(4, 7)
            (what, place) = ("k8s.node.name = \"n\(slowHost)\"", "")
        case .operation: (what, place) = ("\(title) takes longer", services[slowService])
        }
        isRollOut = random.chance(0.5)
    }

    private mutating func draw() {
        let (countA, countB) = (40 + random.index(120), 40 + random.index(120))
        var all: [MadeUpTrace] = []
        var slowTraces: Set<TraceID> = []
        while all.count < 6000, slowTraces.count < countA * 3 / 2 || all.count < countA + countB {
            let (trace, isAffected) = request()
            all.append(trace)
            if isAffected { slowTraces.insert(trace.id) }
        }
        // Slow is what takes longer than most of its kind do, as an alarm for each endpoint has it.
        // A root is written last.
        var byRoot: [String: [MadeUpTrace]] = [:]
        for trace in all { byRoot[trace.spans.last?.name ?? "", default: []].append(trace) }
        var (slow, fast) = ([MadeUpTrace](), [MadeUpTrace]())
        for name in byRoot.keys.sorted() {
            let sorted = (byRoot[name] ?? []).sorted { $0.duration > $1.duration }
            let affected = sorted.count { slowTraces.contains($0.id) }
            let bound = min(sorted.count / 2, max(sorted.count / 20, affected))
            slow += sorted.prefix(bound)
            fast += sorted.dropFirst(bound)
        }
        a = slow.shuffled(using: &random).prefix(countA).map(\.assembled)
        b = fast.shuffled(using: &random).prefix(countB).map(\.assembled)
    }

    private mutating func request() -> (MadeUpTrace, isAffected: Bool) {
        let tenant = random.skewed(12)
        let region = random.chance(0.9) ? tenant % 2 : random.index(2)
        // Five hosts, two in one region; a service has a pod on each.
        let hosts = services.map { _ in region == 0 ? random.index(3) : 2 + random.index(3) }
        let versions = services.indices.map { service in
            if service == slowService { return random.chance(0.3) ? "4.2" : "4.1" }
            return isRollOut && hosts[service] < 3 ? "9.1" : "9.0"
        }
        let request = Request(
            tenant: tenant, region: region, hosts: hosts, versions: versions,
            flag: random.chance(0.25) ? "beta" : random.chance(0.1) ? "canary" : "off", isSlow: random.chance(0.3))
        let id = TraceID(high: 9, low: nextTrace)
        nextTrace += 1
        var spans: [SpanValue] = []
        var isAffected = false
        _ = run(
            roots[random.skewed(3)], under: nil, at: 1_790_000_000_000_000_000, depth: 0, request, id, &spans,
            &isAffected)
        return (MadeUpTrace(id: id, spans: spans), isAffected)
    }

    private mutating func run(
        _ index: Int, under parent: SpanID?, at start: UInt64, depth: Int, _ request: Request, _ id: TraceID,
        _ spans: inout [SpanValue], _ isAffected: inout Bool
    ) -> UInt64 {
        let operation = operations[index]
        let host = request.hosts[operation.service]
        let warehouse = "w\(random.skewed(6))"
        var own = random.around(operation.median, operation.sigma)
        if random.chance(0.02) { own *= random.between(2, 12) }
        let isSlow =
            switch kind {
            case .flag: index == slowOperation && request.flag == slowValue
            case .attribute: index == slowOperation && warehouse == slowValue
            case .version: operation.service == slowService && request.versions[slowService] == "4.2"
            case .host: host == slowHost
            case .operation: index == slowOperation && request.isSlow
            }
        if isSlow {
            own *= random.around(factor, 0.3)
            isAffected = true
        }
        let span = SpanID(value: random.next() | 1)
        var now = start + UInt64(own / 2)
        var latest = now
        if depth < 6 {
            for child in operation.children where random.chance(operations[child].probability) {
                let end = run(child, under: span, at: now, depth: depth + 1, request, id, &spans, &isAffected)
                if operations[child].isQueued { continue }
                latest = max(latest, end)
                if !operation.isParallel { now = end }
            }
        }
        let end = latest + UInt64(own / 2)
        var attributes = [
            Attribute("message.id", .string("m\(random.next())")), Attribute("worker", .int(Int64(random.index(40)))),
        ]
        if operation.service == 0 {
            attributes += [
                Attribute("feature.search", .string(request.flag)),
                Attribute("client.app", .string("v\(random.skewed(9))")),
                Attribute("geo", .string("r\(request.region)")),
            ]
        } else {
            attributes += [
                Attribute("warehouse", .string(warehouse)), Attribute("tenant", .string("t\(request.tenant)")),
                Attribute("plan", .string(request.tenant % 3 == 0 ? "pro" : "free")),
                Attribute("cached", .bool(random.chance(0.4))), Attribute("rows", .int(Int64(random.around(40, 1)))),
            ]
        }
        spans.append(
            SpanValue(
                traceID: id, spanID: span, parentSpanID: parent, name: operation.name,
                kind: operation.isQueued ? .consumer : .server, startUnixNano: start, endUnixNano: end,
                attributes: attributes,
                status: random.chance(0.008) ? SpanStatus(.error, message: "reset by peer") : SpanStatus(),
                resource: ResourceValue([
                    Attribute("service.name", .string(services[operation.service])),
                    Attribute("service.version", .string(request.versions[operation.service])),
                    Attribute("k8s.node.name", .string("n\(host)")),
                    Attribute("k8s.pod.name", .string("\(services[operation.service])-\(host)")),
                    Attribute("deployment.environment", .string("prod")),
                ])))
        return end
    }
}
