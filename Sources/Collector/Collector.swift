import CLinux
import Configuration
package import Daemon
import EventLoop
import HTTP
import Querying
import Receiving
import SegmentStore
import SelfTelemetry
import TLS
import Tee

/// Which parts the collector has and how they are wired: a loop that receives, one for the console, threads for queries,
/// and the store with its own.
package enum Collector {
    static let program = "hms_collector"

    package static func run(
        _ settings: CollectorSettings, _ source: ConfigurationSource<CollectorSettings>
    ) -> Int32 {
        let log = settings.common.makeLog()
        do {
            try RunningCollector(settings, log).runUntilTold(source)
            return 0
        } catch {
            log.error("start_failed", "the collector cannot start", ["reason": "\(error)"])
            return 1
        }
    }
}

/// The collector from start to stop. Lives on the main thread; what it starts lives on threads of its own.
private struct RunningCollector {
    private let settings: CollectorSettings
    private let log: Log
    private let registry = MetricRegistry()
    private let ingest: IngestCounters
    private let security: DoorSecurity
    /// Of the process: `memory.max` without what the program itself takes.
    private let budget: ByteBudget
    private let store: SegmentStore
    private let refusals = RefusalRing()
    private let teeHeaders: TeeHeaders?

    init(_ settings: CollectorSettings, _ log: Log) throws {
        hms_tune_allocator(4 << 20, 8 << 20, 2)
        Signals.block()
        self.settings = settings
        self.log = log
        registry.addProcessMetrics(program: Collector.program, version: Product.version)
        teeHeaders = try settings.tee.headersFile.map { try TeeHeaders(file: $0) }
        security = try DoorSecurity(settings.common, program: Collector.program, registry: registry, log: log)
        budget = settings.common.makeBudget(ownBytes: Self.ownBytes, quarters: 3)
        registry.add(budget, program: Collector.program)
        store = try SegmentStore.open(directory: settings.storeDirectory, options: settings.storeOptions) { event in
            switch event {
            case .recovered, .writingAgain, .segmentDeleted: log.info("store", event.description)
            case .truncated, .clockJump: log.warning("store", event.description)
            default: log.error("store", event.description)
            }
        }
        ingest = IngestCounters(program: Collector.program, registry: registry) { [store] kind, items, reason in
            store.countRejected(items, of: kind, reason: reason.rawValue)
        }
        registry.add(store)
        registry.addLedger(of: store)
    }

    /// What the collector takes besides requests and answers: the index of the open segment, compression, the heap's slack.
    private static let ownBytes = 128 << 20

    func runUntilTold(_ source: ConfigurationSource<CollectorSettings>) throws {
        let doors = try startDoors()
        let console = try settings.console.map { try startConsole(SocketAddress(parsing: $0.description)) }
        let tee = try startTee()
        log.info("ready", "the collector takes telemetry", ["store": settings.storeDirectory])
        ServiceManager.ready("takes telemetry")
        while Signals.wait() == .reload {
            ServiceManager.reloading()
            source.reload(over: settings, telling: log)
            security.reload()
            teeHeaders?.reload(telling: log)
            ServiceManager.ready("takes telemetry")
        }
        ServiceManager.stopping()
        log.info("stopping", "told to stop; finishing what was begun")
        doors.stop()
        console?.stop()
        tee?.stop()
        store.close()
        log.info("stopped", "everything acknowledged is on the disk")
    }

    private func startDoors() throws -> PartThread {
        let addresses = try settings.otlp.map { try SocketAddress(parsing: $0.description) }
        let counters = addresses.map { address in
            let counters = HTTPServerCounters()
            registry.add(counters, program: Collector.program, door: "otlp:\(address.doorLabel)")
            return counters
        }
        let (store, ingest, settings, security, log, budget) = (store, ingest, settings, security, log, budget)
        let (refusals, httpLimits) = (refusals, settings.common.limits(within: budget))
        return try PartThread.start(name: "receive") { loop in
            var limits = OTLPService.Limits()
            limits.maxMessageBytes = min(settings.maxMessageBytes, budget.limit / 2)
            let memory = BodyMemory(loop: loop, budget: budget)
            let service = OTLPService(
                sink: try StoreSink(store: store, loop: loop), counters: ingest, limits: limits, collectsTraces: true,
                loop: loop, budget: budget, refusals: refusals)
            let servers = try zip(addresses, counters).map { address, counters in
                let server = try security.open(
                    address, loop: loop, limits: httpLimits, counters: counters, memory: memory, service: service)
                log.info("listening", "otlp", ["what": "otlp", "address": server.localAddress.description])
                return server
            }
            let trim = MemoryTrim(loop: loop, slack: 8 << 20)
            return Part(stop: { done in
                trim.stop()
                drainAll(servers, grace: settings.common.shutdownGrace / 2, done)
            })
        }
    }

    /// Nil where no copy is to be sent anywhere.
    private func startTee() throws -> PartThread? {
        guard let backend = settings.tee.backend else { return nil }
        let security = settings.tee.usesTLS ? try TLSClientContext(authority: settings.tee.authority) : nil
        let counters = TeeCounters(program: Collector.program, registry: registry)
        let (store, settings, log, headers) = (store, settings, log, teeHeaders)
        return try PartThread.start(name: "tee") { loop in
            var options = Tee.Options()
            options.dialect = settings.tee.dialect
            options.encoding = settings.tee.encoding
            if let headers { options.headers = { headers.fields } }
            let tee = Tee(
                store: store, directory: settings.storeDirectory, loop: loop, options: options, counters: counters,
                log: log
            ) { try settings.tee.makeClient(backend, security: security, loop: loop) }
            tee.begin()
            return Part(stop: { done in
                tee.close()
                done()
            })
        }
    }

    private func startConsole(_ address: SocketAddress) throws -> PartThread {
        let counters = HTTPServerCounters()
        registry.add(counters, program: Collector.program, door: "console")
        let (store, registry, settings, security, log, budget) = (store, registry, settings, security, log, budget)
        let refusals = refusals
        return try PartThread.start(name: "console") { loop in
            let queries = try QueryPool(
                store: store, refusals: refusals, threads: settings.queryThreads, loop: loop, counters: counters,
                maxUnsentBytes: settings.common.limits.maxUnsentBytes)
            let pages = ConsoleService(queries: queries, hosts: HostAllowList(configured: settings.consoleHosts))
            let health = HealthService(registry: registry, next: pages) {
                let statistics = store.statistics
                guard !statistics.isReady else { return [] }
                return ["the store refuses writes: " + (statistics.lastError.map { "\($0)" } ?? "unknown reason")]
            }
            let server = try security.open(
                address, loop: loop, limits: settings.common.limits(within: budget), counters: counters,
                memory: BodyMemory(loop: loop, budget: budget), service: health)
            log.info("listening", "console", ["what": "console", "address": server.localAddress.description])
            return Part(stop: { done in
                drainAll([server], grace: settings.common.shutdownGrace / 2) {
                    queries.stop()
                    done()
                }
            })
        }
    }
}
