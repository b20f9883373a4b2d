package import Access
package import EventLoop
package import HTTP
package import SelfTelemetry
import TLS

/// What stands before every TCP door of a program: TLS, keys and the permissions of sockets. A unix socket needs neither TLS
/// nor keys, as its file says who may use it.
package struct DoorSecurity: Sendable {
    private let tls: TLSServerContext?
    private let keys: KeyRing?
    private let counters: KeyGuard.Counters?
    private let unixMode: Int
    private let log: Log

    package init(_ settings: CommonSettings, program: String, registry: MetricRegistry, log: Log) throws {
        tls = try settings.makeTLS()
        keys = try settings.makeKeys(log)
        counters = keys == nil ? nil : KeyGuard.Counters(program: program, registry: registry)
        unixMode = settings.unixMode
        self.log = log
    }

    /// Reads the keys again; nil where none are asked for.
    @discardableResult
    package func reload() -> KeyFileReading? { keys?.reload() }

    /// Has the keys read again when their file changes, by a timer of this loop. To be called for one loop of a program.
    package func watchKeys(on loop: EventLoop, onReading: @escaping (KeyFileReading) -> Void = { _ in }) {
        keys?.watch(on: loop, onReading: onReading)
    }

    package var asksForKeys: Bool { keys != nil }

    /// The tenants that keys name.
    package var tenants: [TenantName] { keys?.tenants ?? [] }

    /// A server on `address`, on the loop that this is called on.
    ///
    /// - Parameters:
    ///   - rules: what requests at this door need, where keys are asked for.
    ///   - onRefusedAct: is told of acts that needed the scope admin and were refused.
    package func open(
        _ address: SocketAddress, _ rules: AccessRules, loop: EventLoop, limits: HTTPLimits,
        counters httpCounters: HTTPServerCounters = HTTPServerCounters(), memory: BodyMemory,
        tenancy: KeyGuard.Tenancy = .together, onRefusedAct: KeyGuard.RefusedActWatcher? = nil,
        service: any HTTPService
    ) throws -> HTTPServer {
        var guarded = service
        var isUnix = false
        if case .unix = address.host { isUnix = true }
        if let keys, let counters, !isUnix {
            guarded = KeyGuard(
                keys, rules: rules, before: service, tenancy: tenancy, counters: counters, watcher: onRefusedAct,
                log: log)
        }
        return try HTTPServer(
            loop: loop, address: address, tls: isUnix ? nil : tls, limits: limits, counters: httpCounters,
            memory: memory, unixMode: unixMode, service: guarded)
    }
}

extension SocketAddress {
    /// Tells a program's doors apart in its metrics.
    package var doorLabel: String {
        if case .unix = host { return "unix" }
        return String(port)
    }
}

extension HTTPLimits {
    /// For a door that people and scrapers use: few connections, small answers.
    package var forAdministration: HTTPLimits {
        var small = self
        small.maxConnections = min(maxConnections, 64)
        small.maxOutputBytes = min(maxOutputBytes, 128 << 10)
        small.maxBodyBytes = min(maxBodyBytes, 64 << 10)
        return small
    }
}
