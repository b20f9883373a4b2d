import Configuration
import EventLoop
import Forwarding
import HTTP
import OTLPDelivery
import SelfTelemetry
import Spool
import TLS

/// What the forwarding loop is made of, worked out before its thread begins: names are looked up here, where waiting harms
/// nobody.
struct ForwardPlan: Sendable {
    private let collectors: CollectorSet
    private let endpoints: [HTTPEndpoint]
    private let counters: [ForwardCounters]
    private let settings: SidecarSettings
    private let key: ForwardKey?

    init(_ settings: SidecarSettings, _ collectors: CollectorSet, _ registry: MetricRegistry) throws {
        self.settings = settings
        self.collectors = collectors
        key = try settings.forwardKeyFile.map { try ForwardKey(file: $0) }
        let security =
            settings.forwardTLS
            ? try TLSClientContext(
                authority: settings.forwardAuthority, certificate: settings.forwardTLSCertificate,
                key: settings.forwardTLSKey
            )
            : nil
        endpoints = try settings.collectors.map { try Self.endpoint(of: $0, security) }
        counters = collectors.names.map { ForwardCounters(registry: registry, collector: $0) }
    }

    private static func endpoint(of peer: NetworkAddress, _ security: TLSClientContext?) throws -> HTTPEndpoint {
        switch peer.host {
        case .name(let name): try HTTPEndpoint(host: name, port: peer.port ?? 0, tls: security)
        default: HTTPEndpoint(address: try SocketAddress(parsing: peer.description), tls: security)
        }
    }

    /// Whether the last attempt to reach the collector succeeded.
    var isReachable: @Sendable (Int) -> Bool {
        let counters = counters
        return { counters[$0].reachable.value == 1 }
    }

    func reloadKey(telling log: Log) { key?.reload(telling: log) }

    /// The parts on their loop, to be closed there.
    struct Started {
        let forwarder: Forwarder
        let links: [CollectorLink]

        func close() { for link in links { link.close() } }
    }

    func start(
        on loop: EventLoop, route: ForwardRoute, spool: Spool, sync: SpoolSync, recovered: [RecoveredLane], log: Log
    ) throws -> Started {
        let packer = BatchPacker(spool, level: settings.compressionLevel)
        // The mover's lanes post to the forwarder, which is made after them.
        let late = LateForwarder()
        let refused = RefusedBatches(
            directory: spool.status.isInMemory ? nil : settings.spoolDirectory.map { $0 + "/refused" },
            maxBytes: spool.options.maxRefusedBytes)
        let links = collectors.names.indices.map { index in
            CollectorLink(
                collectors.names[index], loop: loop, client: client(of: index, loop), options: linkOptions,
                counters: counters[index], packer: packer, refused: refused, log: log
            ) { batch in
                spool.reclaim(batch.lane)
                late.forwarder?.endDrain()
            }
        }
        let mover = BatchMover(
            collectors: collectors, packer: packer, log: log, settled: { spool.reclaim($0.lane) }
        ) { key in
            try Lane(key, in: spool, recovered: recovered.lane(for: key), loop: loop, sync: sync) {
                late.forwarder?.add($0)
            }
        }
        let forwarder = try Forwarder(
            loop: loop, route: route, collectors: collectors, links: links, mover: mover,
            failoverAfter: settings.failoverAfter, log: log, isPersistent: { spool.isPersistent })
        late.forwarder = forwarder
        for lane in recovered { for batch in lane.takeBatches() { forwarder.add(batch) } }
        return Started(forwarder: forwarder, links: links)
    }

    private final class LateForwarder {
        weak var forwarder: Forwarder?
    }

    private var linkOptions: CollectorLink.Options {
        var options = CollectorLink.Options()
        options.dialect = settings.forwardProtocol
        options.encoding = settings.forwardCompression
        options.maxInFlight = settings.maxInFlight
        // All links together, so that many collectors take no more memory than one.
        options.maxInFlightBytes /= collectors.count
        options.deadline = settings.forwardDeadline
        if let key { options.authorization = { key.authorization } }
        return options
    }

    private func client(of index: Int, _ loop: EventLoop) -> any RequestSender {
        var options = HTTPClientOptions()
        // The link holds what fails and sends it again; the client only paces its connecting.
        options.failsWhenConnectFails = true
        // An answer to a batch is a few bytes.
        options.maxResponseBytes = 64 << 10
        options.backoff = Backoff(cap: .seconds(2))
        // Backends that are not ours seldom take HTTP/2 in clear text.
        return settings.forwardProtocol == .http
            ? HTTP1Client(loop: loop, endpoint: endpoints[index], options: options)
            : HTTPClient(loop: loop, endpoint: endpoints[index], options: options)
    }
}
