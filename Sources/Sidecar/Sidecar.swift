import CLinux
import Configuration
package import Daemon
import EventLoop
import Forwarding
import Glibc
import HTTP
import Receiving
import Refining
import SelfTelemetry
import TLS

/// Which parts the sidecar has and how they are wired: a loop for the TCP doors, one for UDP, one that forwards.
package enum Sidecar {
    static let program = "hms_sidecar"

    package static func run(
        _ settings: SidecarSettings, _ source: ConfigurationSource<SidecarSettings>
    ) -> Int32 {
        let log = settings.common.makeLog()
        do {
            return try RunningSidecar(settings, log).runUntilTold(source) ? 0 : 1
        } catch {
            log.error("start_failed", "the sidecar cannot start", ["reason": "\(error)"])
            return 1
        }
    }
}

/// The sidecar from start to stop. Lives on the main thread; what it starts lives on threads of its own.
private struct RunningSidecar {
    private let settings: SidecarSettings
    private let log: Log
    private let registry = MetricRegistry()
    private let route: ForwardRoute
    private let ingest: IngestCounters
    private let tls: TLSServerContext?
    private let rules: RefiningRules

    init(_ settings: SidecarSettings, _ log: Log) throws {
        hms_tune_allocator()
        Signals.block()
        self.settings = settings
        self.log = log
        registry.addProcessMetrics(program: Sidecar.program, version: Product.version)
        route = try ForwardRoute(maxBytes: settings.spoolMaxBytes, counters: ForwardCounters(registry: registry))
        ingest = IngestCounters(program: Sidecar.program, registry: registry)
        tls = try settings.common.makeTLS()
        rules = try settings.refining.rules(environment: processEnvironment())
        publishQueue()
        if let directory = settings.spoolDirectory {
            log.warning(
                "spool_in_memory", "this version keeps what waits for the collector in memory",
                ["spool.directory": directory])
        }
    }

    private func publishQueue() {
        let budget = route.budget
        registry.gauge(
            "hms_sidecar_queue_bytes", help: "Bytes that wait for the collector.", read: { Double(budget.used) })
        registry.gauge("hms_sidecar_queue_limit_bytes", help: "Bytes that may wait.", read: { Double(budget.limit) })
    }

    // MARK: start and stop

    /// False when acknowledged data had to be left behind.
    func runUntilTold(_ source: ConfigurationSource<SidecarSettings>) throws -> Bool {
        let forwarding = try startForwarding()
        let doors = try startDoors()
        let datagrams = try settings.udp.map { try startDatagrams(SocketAddress(parsing: $0.description)) }
        log.info("ready", "the sidecar takes telemetry", ["collector": settings.collectors[0].description])
        while Signals.wait() == .reload { source.reportChanges(since: settings, to: log) }
        log.info("stopping", "told to stop; finishing what was begun")
        return stop(doors: doors, datagrams: datagrams, forwarding: forwarding)
    }

    private func stop(doors: PartThread, datagrams: PartThread?, forwarding: PartThread) -> Bool {
        // A little is kept for the way out.
        let deadline = MonotonicTime.now() + settings.common.shutdownGrace * 0.95
        doors.stop()
        datagrams?.stop()
        // Everything accepted is with the forwarder now.
        let done = Latch()
        route.drain { done.open() }
        let isForwarded = done.wait(until: deadline)
        if !isForwarded {
            log.error(
                "stopped_early", "the collector did not take everything in time; what waited is lost",
                ["bytes": route.budget.used])
        } else {
            log.info("stopped", "everything accepted was forwarded")
        }
        forwarding.stop()
        return isForwarded
    }

    // MARK: threads

    private func startForwarding() throws -> PartThread {
        let collector = settings.collectors[0]
        let security =
            settings.forwardTLS
            ? try TLSClientContext(
                authority: settings.forwardAuthority, certificate: settings.forwardCertificate, key: settings.forwardKey
            )
            : nil
        let endpoint = try endpoint(of: collector, security)
        var options = Forwarder.Options(sender: randomUUID(), authority: collector.description)
        options.maxInFlight = settings.maxInFlight
        options.deadline = settings.forwardDeadline
        options.compressionLevel = settings.compressionLevel
        let (route, log) = (route, log)
        let forwarderOptions = options
        return try PartThread.start(name: "forward") { loop in
            var clientOptions = HTTPClientOptions()
            // The forwarder holds what fails and sends it again; the client only paces its connecting.
            clientOptions.failsWhenConnectFails = true
            clientOptions.backoff = Backoff(cap: .seconds(2))
            let client = HTTPClient(loop: loop, endpoint: endpoint, options: clientOptions)
            let forwarder = try Forwarder(loop: loop, route: route, client: client, options: forwarderOptions, log: log)
            return Part(stop: { done in
                withExtendedLifetime(forwarder) { client.close() }
                done()
            })
        }
    }

    private func endpoint(of peer: NetworkAddress, _ security: TLSClientContext?) throws -> HTTPEndpoint {
        switch peer.host {
        case .name(let name): try HTTPEndpoint(host: name, port: peer.port ?? 0, tls: security)
        default: HTTPEndpoint(address: try SocketAddress(parsing: peer.description), tls: security)
        }
    }

    private func startDoors() throws -> PartThread {
        let addresses = try settings.otlp.map { try SocketAddress(parsing: $0.description) }
        let admin = try settings.admin.map { try SocketAddress(parsing: $0.description) }
        let (route, ingest, registry, settings, tls, log, rules) = (route, ingest, registry, settings, tls, log, rules)
        let counters = addresses.map { _ in HTTPServerCounters() }
        for (address, counters) in zip(addresses, counters) {
            registry.add(counters, program: Sidecar.program, door: "otlp:\(address.port)")
        }
        return try PartThread.start(name: "receive") { loop in
            let outbox = MemoryOutbox(
                loop: loop, route: route, maxBatchBytes: settings.batchBytes, maxDelay: settings.maxDelay)
            var limits = OTLPService.Limits()
            limits.maxMessageBytes = settings.maxMessageBytes
            let service = OTLPService(
                sink: SidecarSink(outbox: outbox, loop: loop, patience: .seconds(2)), counters: ingest, limits: limits,
                refiner: Refiner(rules), collectsTraces: false)
            let doorService = ContextService(next: service)
            var servers: [HTTPServer] = []
            for (address, counters) in zip(addresses, counters) {
                let server = try HTTPServer(
                    loop: loop, address: address, tls: tls, limits: settings.common.limits, counters: counters,
                    service: doorService)
                log.info("listening", "otlp", ["what": "otlp", "address": server.localAddress.description])
                servers.append(server)
            }
            if let admin {
                let health = HealthService(registry: registry) {
                    route.budget.used * 10 > route.budget.limit * 9
                        ? [
                            "the queue to the collector is nearly full: \(route.budget.used) of \(route.budget.limit) bytes"
                        ]
                        : []
                }
                let server = try HTTPServer(
                    loop: loop, address: admin, tls: tls, limits: settings.common.limits, service: health)
                log.info("listening", "admin", ["what": "admin", "address": server.localAddress.description])
                servers.append(server)
            }
            return Part(stop: { done in
                outbox.flush()
                // The other half is for what the collector still has to take.
                drainAll(servers, grace: settings.common.shutdownGrace / 2) {
                    outbox.flush()
                    done()
                }
            })
        }
    }

    private func startDatagrams(_ address: SocketAddress) throws -> PartThread {
        let counters = DatagramReceiver.Counters(program: Sidecar.program, registry: registry)
        let (route, ingest, settings, log, rules) = (route, ingest, settings, log, rules)
        return try PartThread.start(name: "udp") { loop in
            let outbox = MemoryOutbox(
                loop: loop, route: route, maxBatchBytes: settings.batchBytes, maxDelay: settings.maxDelay)
            let receiver = try DatagramReceiver(
                loop: loop, address: address, receiveBufferBytes: settings.udpBufferBytes,
                sink: SidecarSink(outbox: outbox, loop: loop, patience: .zero), ingest: ingest, counters: counters,
                refiner: Refiner(rules))
            log.info("listening", "udp", ["what": "udp", "address": receiver.localAddress.description])
            if receiver.receiveBufferBytes < settings.udpBufferBytes {
                log.warning(
                    "udp_buffer", "the kernel grants less than asked; raise net.core.rmem_max or give CAP_NET_ADMIN",
                    ["asked": settings.udpBufferBytes, "granted": receiver.receiveBufferBytes])
            }
            return Part(stop: { done in
                receiver.drainAndClose()
                outbox.flush()
                done()
            })
        }
    }
}

/// A random (version 4) UUID.
private func randomUUID() -> String {
    let high = UInt64.random(in: .min ... .max) & ~0xF000 | 0x4000
    let low = UInt64.random(in: .min ... .max) & ~(3 << 62) | 1 << 63
    let digits = [high, low].map { word in
        let text = String(word, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    var groups: [Substring] = []
    var rest = digits[...]
    for length in [8, 4, 4, 4, 12] {
        groups.append(rest.prefix(length))
        rest = rest.dropFirst(length)
    }
    return groups.joined(separator: "-")
}
