import Access
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
    private let stores: TenantStores
    private let audit: AuditTrail
    private let eraser: EraseDesk
    private var store: SegmentStore { stores.standard.store }
    private let teeHeaders: TeeHeaders?

    init(_ settings: CollectorSettings, _ log: Log) throws {
        hms_tune_allocator(4 << 20, 32 << 20, 2)
        Signals.block()
        self.settings = settings
        self.log = log
        registry.addProcessMetrics(program: Collector.program, version: Product.version)
        teeHeaders = try settings.tee.headersFile.map { try TeeHeaders(file: $0) }
        security = try DoorSecurity(settings.common, program: Collector.program, registry: registry, log: log)
        budget = settings.common.makeBudget(ownBytes: Self.ownBytes, quarters: 3)
        registry.add(budget, program: Collector.program)
        let options = settings.storeOptions(in: settings.storeDirectory) { log.error("pins_unusable", $0) }
        let store = try SegmentStore.open(directory: settings.storeDirectory, options: options) { event in
            log.tell(event, of: nil)
        }
        let audit = AuditTrail(directory: settings.storeDirectory, registry: registry, log: log)
        self.audit = audit
        eraser = try EraseDesk(audit: audit, log: log)
        let metrics = registry
        stores = try TenantStores(
            standard: store, refusals: RefusalRing(), directory: settings.storeDirectory, limit: settings.maxTenants,
            makeStore: { tenant, directory in
                var options = settings.storeOptions(in: directory) { log.error("pins_unusable", $0) }
                // There may be many.
                options.frameCacheBytes /= 8
                return try SegmentStore.open(directory: directory, options: options) { event in
                    log.tell(event, of: tenant)
                }
            },
            onOpen: { space in
                guard let tenant = space.tenant else { return }
                metrics.addTenant(tenant.text, space.store)
                audit.note("tenant_opened", ["tenant": tenant.text])
                log.info("tenant_opened", "a tenant's store is open", ["tenant": tenant])
            })
        ingest = Self.counters(store, registry)
        registry.add(store)
        registry.addLedger(of: store)
    }

    /// What the doors count of the items that a store is given; refused ones are in its ledger as well.
    private static func counters(_ store: SegmentStore, _ registry: MetricRegistry) -> IngestCounters {
        IngestCounters(program: Collector.program, registry: registry) { kind, items, reason in
            store.countRejected(items, of: kind, reason: reason.rawValue)
        }
    }

    /// What the collector takes besides requests and answers: the index of the open segment, compression, the heap's slack.
    private static let ownBytes = 128 << 20

    func runUntilTold(_ source: ConfigurationSource<CollectorSettings>) throws {
        stores.openNow(security.tenants)
        let opener = security.asksForKeys ? try stores.startOpening() : nil
        let erasing = try eraser.start()
        // Before the doors: what is recorded of requests comes behind it.
        audit.note("started", ["version": Product.version])
        tellAuditHead()
        let doors = try startDoors()
        let console = try settings.console.map { try startConsole(SocketAddress(parsing: $0.description)) }
        let tee = try startTee()
        log.info("ready", "the collector takes telemetry", ["store": settings.storeDirectory])
        ServiceManager.ready("takes telemetry")
        while Signals.wait() == .reload {
            ServiceManager.reloading()
            source.reload(over: settings, telling: log)
            audit.note("configuration_read")
            if let reading = security.reload() { took(reading) }
            teeHeaders?.reload(telling: log)
            ServiceManager.ready("takes telemetry")
        }
        ServiceManager.stopping()
        log.info("stopping", "told to stop; finishing what was begun")
        eraser.stop()
        doors.stop()
        console?.stop()
        erasing.stop()
        opener?.stop()
        tee?.stop()
        stores.close()
        audit.note("stopped")
        tellAuditHead()
        log.info("stopped", "everything acknowledged is on the disk")
    }

    /// The program's log usually leaves the machine, and with it what stands for all entries so far.
    private func tellAuditHead() {
        guard let head = audit.head else { return }
        log.info("audit_head", "the last entry of the audit log", ["entry": head.sequence, "digest": head.digest])
    }

    /// The keys were read again.
    private func took(_ reading: KeyFileReading) {
        audit.note(reading)
        stores.openSoon(security.tenants)
    }

    private func startDoors() throws -> PartThread {
        let addresses = try settings.otlp.map { try SocketAddress(parsing: $0.description) }
        let counters = addresses.map { address in
            let counters = HTTPServerCounters()
            registry.add(counters, program: Collector.program, door: "otlp:\(address.doorLabel)")
            return counters
        }
        let (stores, ingest, settings, security, log, budget) = (stores, ingest, settings, security, log, budget)
        let httpLimits = settings.common.limits(within: budget)
        let this = self
        return try PartThread.start(name: "receive") { loop in
            var limits = OTLPService.Limits()
            limits.maxMessageBytes = min(settings.maxMessageBytes, budget.limit / 2)
            let memory = BodyMemory(loop: loop, budget: budget)
            let makeService = { (space: TenantStores.Space, counters: IngestCounters) in
                OTLPService(
                    sink: try StoreSink(store: space.store, loop: loop), counters: counters, limits: limits,
                    collectsTraces: true, loop: loop, budget: budget, refusals: space.refusals)
            }
            let standard = try makeService(stores.standard, ingest)
            let service: any HTTPService =
                security.asksForKeys
                ? TenantDoors(standard: standard, stores: stores) { space in
                    try makeService(space, Self.counters(space.store, this.registry))
                } : standard
            security.watchKeys(on: loop) { this.took($0) }
            let servers = try zip(addresses, counters).map { address, counters in
                let server = try security.open(
                    address, .telemetry, loop: loop, limits: httpLimits, counters: counters, memory: memory,
                    tenancy: .apart, service: service)
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
        let (stores, registry, settings, security, log, budget) = (stores, registry, settings, security, log, budget)
        let (audit, eraser) = (audit, eraser)
        return try PartThread.start(name: "console") { loop in
            let queries = try QueryPool(
                stores: stores, threads: settings.queryThreads, loop: loop, counters: counters,
                maxUnsentBytes: settings.common.limits.maxUnsentBytes)
            let tails = try TailDesk(stores: stores, loop: loop, counters: TailCounters(registry))
            let pages = ConsoleService(
                queries: queries, tails: tails, hosts: HostAllowList(configured: settings.consoleHosts))
            let acts = AdminService(audit: audit, stores: stores, eraser: eraser, next: pages)
            let health = HealthService(registry: registry, next: acts) { Self.obstacles(stores) }
            let server = try security.open(
                address, .console, loop: loop, limits: settings.common.limits(within: budget), counters: counters,
                memory: BodyMemory(loop: loop, budget: budget), tenancy: .apart,
                onRefusedAct: { audit.noteRefused($0, reason: $1, key: $2) }, service: health)
            log.info("listening", "console", ["what": "console", "address": server.localAddress.description])
            return Part(stop: { done in
                drainAll([server], grace: settings.common.shutdownGrace / 2) {
                    queries.stop()
                    tails.stop()
                    done()
                }
            })
        }
    }

    /// Whoever may read `/readyz` may be a tenant, so that others are not named.
    private static func obstacles(_ stores: TenantStores) -> [String] {
        var obstacles: [String] = []
        let statistics = stores.standard.store.statistics
        if !statistics.isReady {
            obstacles.append(
                "the store refuses writes: " + (statistics.lastError.map { "\($0)" } ?? "unknown reason"))
        }
        if stores.openSpaces.contains(where: { !$0.store.statistics.isReady }) {
            obstacles.append("a tenant's store refuses writes; the log says which, and why")
        }
        return obstacles
    }
}

extension Log {
    fileprivate func tell(_ event: StoreEvent, of tenant: TenantName?) {
        let fields: Log.Fields = tenant.map { ["tenant": $0] } ?? [:]
        switch event {
        case .recovered, .writingAgain, .segmentDeleted, .segmentRewritten: info("store", event.description, fields)
        case .truncated, .clockJump: warning("store", event.description, fields)
        default: error("store", event.description, fields)
        }
    }
}
