import Access
import CLinux
import Configuration
package import Daemon
import EventLoop
import Files
import Forwarding
import Glibc
import HTTP
import Receiving
import Refining
import SelfTelemetry
import Spool
import TLS
import WireFormat

/// Which parts the sidecar has and how they are wired: a loop for the TCP doors, one for UDP, one that forwards, one for its
/// own pages, and a thread that waits for the disk.
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
    private let collectors: CollectorSet
    private let spool: Spool
    private let recovered: [RecoveredLane]
    /// Of datagrams, as the newest notes beside these say.
    private let producersInSpool: [ProducerTable.Producer]
    private let sync: SpoolSync
    private let ledger: SidecarLedger
    private let ingest: IngestCounters
    private let security: DoorSecurity
    /// Of what the doors hold: half of what `memory.max` leaves. A quarter is for the large batch that may be on its way.
    private let budget: ByteBudget
    /// It has to fit twice, as it came and as it becomes, beside small things.
    private let maxMessageBytes: Int
    private let plan: ForwardPlan
    private let metricDoors: MetricDoorStarter
    private let rules: SharedRules
    private let refiningCounters: RefiningCounters

    init(_ settings: SidecarSettings, _ log: Log) throws {
        hms_tune_allocator(1 << 20, 4 << 20, 1)
        Signals.block()
        self.settings = settings
        self.log = log
        registry.addProcessMetrics(program: Sidecar.program, version: Product.version)
        security = try DoorSecurity(settings.common, program: Sidecar.program, registry: registry, log: log)
        budget = settings.common.makeBudget(ownBytes: Self.ownBytes, quarters: 2)
        maxMessageBytes = min(settings.maxMessageBytes, budget.limit / 16 * 7)
        registry.add(budget, program: Sidecar.program)
        route = try ForwardRoute()
        let collectors = CollectorSet(names: settings.collectors.map(\.description))
        self.collectors = collectors
        plan = try ForwardPlan(settings, collectors, registry)
        let keys = ["tcp", "udp", LaneKey.moved].flatMap { door in
            SignalKind.allCases.flatMap { kind in
                collectors.names.map { LaneKey(door: door, kind: kind, collector: $0) }
            }
        }
        let notes = FoundNotes()
        (spool, recovered) = try Spool.open(settings.spoolOptions, keys: keys, onNote: notes.add) { log.tell($0) }
        producersInSpool = notes.producers
        sync = try SpoolSync(spool)
        let kept = KeptCounters(
            path: spool.status.isInMemory ? nil : settings.spoolDirectory.map { $0 + "/counters" },
            names: SidecarLedger.keptNames)
        for problem in kept.problems { log.error("spool_counters", "\(problem)") }
        let ledger = SidecarLedger(spool: spool, refusals: RefusalRing(), kept: kept)
        self.ledger = ledger
        ingest = IngestCounters(
            program: Sidecar.program, registry: registry,
            onRejected: { kind, items, reason in ledger.countRejected(kind, items, reason.rawValue) },
            onDuplicate: { kind, items in ledger.countRejected(kind, items, SidecarLedger.duplicate) })
        metricDoors = MetricDoorStarter(
            settings, security: security, ingest: ingest, registry: registry, log: log)
        rules = SharedRules(try settings.refining.rules(environment: processEnvironment()))
        refiningCounters = RefiningCounters(registry: registry)
        ledger.publish(in: registry)
    }

    /// What the sidecar takes when nothing is asked of it, and forwarding for batches of the usual size.
    private static let ownBytes = 16 << 20

    /// What the spool's notes say, however many there are of them.
    private final class FoundNotes {
        private var table = ProducerTable()
        var producers: [ProducerTable.Producer] { table.all }

        func add(_ key: LaneKey, _ note: [UInt8]) {
            if key.door == "udp" { table.restore(ProducerNotes.decode(note)) }
        }
    }

    // MARK: start and stop

    /// False when acknowledged data had to be left behind.
    func runUntilTold(_ source: ConfigurationSource<SidecarSettings>) throws -> Bool {
        let (sync, ledger) = (sync, ledger)
        let disk = try PartThread.start(name: "spool-sync") { loop in
            try sync.serve(on: loop)
            Self.saveEachSecond(ledger, loop)
            return Part(stop: { $0() })
        }
        let forwarding = try startForwarding()
        let doors = try startDoors()
        let datagrams = try startDatagrams()
        let admin = try settings.admin.map { try startAdmin(SocketAddress(parsing: $0.description)) }
        log.info(
            "ready", "the sidecar takes telemetry", ["collectors": collectors.names.joined(separator: ", ")])
        ServiceManager.ready("takes telemetry")
        var inForce = settings
        while Signals.wait() == .reload {
            ServiceManager.reloading()
            inForce = source.reload(over: inForce, telling: log) { fresh in
                // Also when no setting changed, as the files that some of them name may have.
                rules.replace(by: try fresh.refining.rules(environment: processEnvironment()))
            }
            plan.reloadKey(telling: log)
            security.reload()
            ServiceManager.ready("takes telemetry")
        }
        ServiceManager.stopping()
        log.info("stopping", "told to stop; finishing what was begun")
        let isSafe = stop(doors: doors, datagrams: datagrams, forwarding: forwarding)
        disk.stop()
        admin?.stop()
        return isSafe
    }

    private static func saveEachSecond(_ ledger: SidecarLedger, _ loop: EventLoop) {
        _ = loop.schedule(after: .seconds(1)) {
            ledger.save()
            saveEachSecond(ledger, loop)
        }
    }

    private func stop(doors: PartThread, datagrams: PartThread?, forwarding: PartThread) -> Bool {
        // A little is kept for the way out.
        let deadline = MonotonicTime.now() + settings.common.shutdownGrace * 0.95
        doors.stop()
        datagrams?.stop()
        // Everything accepted is with the forwarder now.
        let done = Latch()
        route.drain { done.open() }
        done.wait(until: deadline)
        forwarding.stop()
        sync.synchronizeAll()
        ledger.save()
        return tellWhatIsLeft()
    }

    private func tellWhatIsLeft() -> Bool {
        let left = SignalKind.allCases.reduce(0) { $0 + ledger.signal($1).spooled }
        guard left > 0 else {
            log.info("stopped", "everything accepted was forwarded")
            return true
        }
        guard !spool.isPersistent else {
            log.info(
                "stopped", "what was not forwarded is in the spool, and forwarded after the next start", ["items": left]
            )
            return true
        }
        log.error(
            "stopped_early", "the collector did not take everything in time; what waited in memory is lost",
            ["items": left])
        return false
    }

    // MARK: forwarding

    private func startForwarding() throws -> PartThread {
        let (plan, route, spool, sync, recovered, log) = (plan, route, spool, sync, recovered, log)
        return try PartThread.start(name: "forward") { loop in
            let forwarder = try plan.start(
                on: loop, route: route, spool: spool, sync: sync, recovered: recovered, log: log)
            return Part(stop: { done in
                forwarder.close()
                done()
            })
        }
    }

    // MARK: doors

    /// What makes the lanes of one door on its loop.
    private func outbox(_ door: String, _ loop: EventLoop) -> LaneOutbox {
        let (route, spool, sync, recovered, log) = (route, spool, sync, recovered, log)
        return LaneOutbox(
            door: door, collectors: collectors, largestMessage: spool.largestMessage,
            makeLane: { key in
                try Lane(key, in: spool, recovered: recovered.lane(for: key), loop: loop, sync: sync) { route.post($0) }
            },
            fallback: { log.error("spool_lane", "a lane of the spool cannot be made", ["reason": "\($0)"]) })
    }

    /// What stands before the lanes of one door: nothing comes into the spool unrefined.
    private func sink(_ outbox: LaneOutbox, _ loop: EventLoop, patience: Duration) -> any TelemetrySink {
        RefiningSink(
            rules, counters: refiningCounters, maxMessageBytes: maxMessageBytes,
            next: SidecarSink(outbox: outbox, loop: loop, patience: patience))
    }

    private func startDoors() throws -> PartThread {
        let addresses = try settings.otlp.map { try SocketAddress(parsing: $0.description) }
        let (ingest, settings, security, log, ledger, metricDoors) = (
            ingest, settings, security, log, ledger, metricDoors
        )
        let budget = budget
        let httpLimits = settings.common.limits(within: budget)
        let counters = addresses.map { _ in HTTPServerCounters() }
        for (address, counters) in zip(addresses, counters) {
            registry.add(counters, program: Sidecar.program, door: "otlp:\(address.doorLabel)")
        }
        let this = self
        return try PartThread.start(name: "receive") { loop in
            let memory = BodyMemory(loop: loop, budget: budget)
            let outbox = this.outbox("tcp", loop)
            let sink = this.sink(outbox, loop, patience: .seconds(2))
            var limits = OTLPService.Limits()
            limits.maxMessageBytes = this.maxMessageBytes
            let service = OTLPService(
                sink: sink, counters: ingest, limits: limits, collectsTraces: this.collectors.count > 1, loop: loop,
                budget: budget, refusals: ledger.refusals)
            let metricParts = try metricDoors.startBesideServers(
                on: loop, sink: sink, limits: httpLimits, memory: memory)
            var servers = [metricParts.server].compactMap { $0 }
            for (address, counters) in zip(addresses, counters) {
                let server = try security.open(
                    address, .telemetry, loop: loop, limits: httpLimits, counters: counters, memory: memory,
                    service: ContextService(next: service))
                log.info("listening", "otlp", ["what": "otlp", "address": server.localAddress.description])
                servers.append(server)
            }
            security.watchKeys(on: loop)
            let trim = MemoryTrim(loop: loop, slack: 2 << 20)
            return Part(stop: { done in
                trim.stop()
                metricParts.close()
                outbox.flush()
                // The other half is for what the collector still has to take.
                drainAll(servers, grace: settings.common.shutdownGrace / 2) {
                    outbox.flush()
                    done()
                }
            })
        }
    }

    /// The doors for datagrams; nil when there is none for native ones.
    private func startDatagrams() throws -> PartThread? {
        guard let address = try settings.udp.map({ try SocketAddress(parsing: $0.description) }) else { return nil }
        let (this, metricDoors) = (self, metricDoors)
        return try PartThread.start(name: "udp") { loop in
            let outbox = this.outbox("udp", loop)
            let sink = this.sink(outbox, loop, patience: .zero)
            let metricParts = try metricDoors.startBesideDatagrams(on: loop, sink: sink)
            let native = try this.startNative(address, on: loop, sink: sink)
            return Part(stop: { done in
                native.receiver.drainAndClose()
                metricParts.close()
                outbox.flush()
                native.reporter.report()
                done()
            })
        }
    }

    private func startNative(
        _ address: SocketAddress, on loop: EventLoop, sink: any TelemetrySink
    ) throws -> (receiver: DatagramReceiver, reporter: UDPReporter) {
        let counters = DatagramReceiver.Counters(program: Sidecar.program, registry: registry)
        let memory = ProducerMemory(
            path: spool.status.isInMemory ? nil : settings.spoolDirectory.map { $0 + "/producers" })
        let producers = memory.load(notes: [ProducerNotes.encode(producersInSpool)], log: log)
        let receiver = try DatagramReceiver(
            loop: loop, address: address, receiveBufferBytes: settings.udpBufferBytes, sink: sink, ingest: ingest,
            counters: counters, collectsTraces: collectors.count > 1, producers: producers, refusals: ledger.refusals)
        log.info("listening", "udp", ["what": "udp", "address": receiver.localAddress.description])
        if receiver.receiveBufferBytes < settings.udpBufferBytes {
            log.warning(
                "udp_buffer", "the kernel grants less than asked; raise net.core.rmem_max or give CAP_NET_ADMIN",
                ["asked": settings.udpBufferBytes, "granted": receiver.receiveBufferBytes])
        }
        let reporter = UDPReporter(receiver: receiver, counters: counters, ledger: ledger, memory: memory)
        reporter.report()
        reporter.reportEachSecond(on: loop)
        return (receiver, reporter)
    }

    // MARK: own pages

    private func startAdmin(_ address: SocketAddress) throws -> PartThread {
        let (registry, settings, security, log, ledger, collectors) = (
            registry, settings, security, log, ledger, collectors
        )
        let budget = budget
        let httpLimits = settings.common.limits(within: budget).forAdministration
        let instance = recovered.first?.account.sender.description ?? ""
        let condition = SidecarCondition(ledger: ledger, collectors: collectors, reachable: plan.isReachable)
        return try PartThread.start(name: "admin") { loop in
            let pages = AdminService(
                ledger: ledger, directory: settings.spoolDirectory, instance: instance, page: { condition.page })
            let health = HealthService(
                registry: registry, next: pages, obstacles: { condition.obstacles }, remarks: { condition.remarks })
            let server = try security.open(
                address, .pages, loop: loop, limits: httpLimits, memory: BodyMemory(loop: loop, budget: budget),
                service: health)
            log.info("listening", "admin", ["what": "admin", "address": server.localAddress.description])
            return Part(stop: { done in drainAll([server], grace: .milliseconds(500), done) })
        }
    }
}
