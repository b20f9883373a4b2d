import Access
import Configuration
import Daemon
import EventLoop
import HTTP
import MetricDoors
import Receiving
import SelfTelemetry
import TLS

/// What the metric doors of all loops share: counters, and the table that `GET /metrics` of the push door shows.
struct MetricDoorStarter: Sendable {
    private let settings: MetricDoorSettings
    /// Without it the StatsD door is on the loop of the TCP doors.
    private let hasDatagramThread: Bool
    private let security: DoorSecurity
    private let ingest: IngestCounters
    private let log: Log
    private let statsDCounters: StatsDCounters
    private let pushCounters = HTTPServerCounters()
    private let exposition: ExpositionTable
    private let targets: [Scraper.Resolved]

    /// Looks up the names of scrape targets, so not to be called on a loop.
    init(
        _ settings: SidecarSettings, security: DoorSecurity, ingest: IngestCounters, registry: MetricRegistry, log: Log
    ) {
        hasDatagramThread = settings.udp != nil
        let settings = settings.metricDoors
        self.settings = settings
        self.security = security
        self.ingest = ingest
        self.log = log
        statsDCounters = StatsDCounters(program: Sidecar.program, registry: registry)
        exposition = ExpositionTable(program: Sidecar.program, registry: registry)
        if let push = settings.push {
            registry.add(pushCounters, program: Sidecar.program, door: "push:\(push.port ?? 0)")
        }
        targets = settings.scrapeTargets.map { target in
            do {
                let security = target.isSecure ? try TLSClientContext() : nil
                return (target, try HTTPEndpoint(host: target.host, port: target.port, tls: security))
            } catch {
                log.warning(
                    "scrape_target", "a target cannot be read until the next start",
                    ["target": target.text, "reason": "\(error)"])
                return (target, nil)
            }
        }
    }

    /// What lives on one loop. The caller closes it before it flushes the sink's outbox, and drains the server like its others.
    final class Parts {
        private(set) var server: HTTPServer?
        private let statsD: StatsDDoor?
        private let scraper: Scraper?

        fileprivate init(server: HTTPServer? = nil, statsD: StatsDDoor? = nil, scraper: Scraper? = nil) {
            self.server = server
            self.statsD = statsD
            self.scraper = scraper
        }

        func close() {
            scraper?.close()
            statsD?.drainAndClose()
        }
    }

    /// To be called on the loop of the native datagrams.
    func startBesideDatagrams(on loop: EventLoop, sink: any TelemetrySink) throws -> Parts {
        Parts(statsD: try startStatsD(on: loop, sink: sink))
    }

    /// To be called on the loop of the TCP doors.
    func startBesideServers(
        on loop: EventLoop, sink: any TelemetrySink, limits: HTTPLimits, memory: BodyMemory
    ) throws -> Parts {
        Parts(
            server: try startPush(on: loop, sink: sink, limits: limits, memory: memory),
            statsD: hasDatagramThread ? nil : try startStatsD(on: loop, sink: sink),
            scraper: startScraping(on: loop, sink: sink))
    }

    private func startStatsD(on loop: EventLoop, sink: any TelemetrySink) throws -> StatsDDoor? {
        guard let address = settings.statsD else { return nil }
        var options = StatsDDoor.Options()
        options.window.interval = settings.statsDInterval
        options.window.maxSeries = settings.statsDMaxSeries
        options.window.negativeGauges = settings.statsDNegativeGauges
        let door = try StatsDDoor(
            loop: loop, address: SocketAddress(parsing: address.description), sink: sink, ingest: ingest,
            counters: statsDCounters, exposition: exposition, log: log, options: options)
        log.info("listening", "statsd", ["what": "statsd", "address": door.localAddress.description])
        return door
    }

    private func startPush(
        on loop: EventLoop, sink: any TelemetrySink, limits: HTTPLimits, memory: BodyMemory
    ) throws -> HTTPServer? {
        guard let address = settings.push else { return nil }
        let service = PushService(sink: sink, ingest: ingest, exposition: exposition)
        let server = try security.open(
            SocketAddress(parsing: address.description), .push, loop: loop, limits: limits, counters: pushCounters,
            memory: memory, service: service)
        log.info("listening", "push", ["what": "push", "address": server.localAddress.description])
        return server
    }

    private func startScraping(on loop: EventLoop, sink: any TelemetrySink) -> Scraper? {
        guard !targets.isEmpty else { return nil }
        var options = Scraper.Options()
        options.interval = settings.scrapeInterval
        options.timeout = settings.scrapeTimeout
        options.maxBytes = settings.scrapeMaxBytes
        options.maxSeries = settings.scrapeMaxSeries
        return Scraper(loop: loop, targets: targets, sink: sink, ingest: ingest, log: log, options: options)
    }
}
