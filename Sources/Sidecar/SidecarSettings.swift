package import Configuration
package import Daemon
import Forwarding
import HTTP
import OTLPDelivery
import Spool

/// What the sidecar is set up with; the initial values are the defaults.
package struct SidecarSettings: HasCommonSettings {
    package var common = CommonSettings()
    var udp: NetworkAddress? = NetworkAddress("127.0.0.1:4317")
    var udpBufferBytes = 16 << 20
    // Written as text because the addresses below cannot fail to be read.
    var otlp = ["127.0.0.1:4317", "127.0.0.1:4318"].compactMap { NetworkAddress($0) }
    var metricDoors = MetricDoorSettings()
    var admin: NetworkAddress? = NetworkAddress("127.0.0.1:9100")
    var maxMessageBytes = 16 << 20
    var collectors = ["127.0.0.1:14317"].compactMap { NetworkAddress($0) }
    var batchBytes = 1 << 20
    var maxDelay = Duration.milliseconds(200)
    var maxInFlight = 4
    var forwardDeadline = Duration.seconds(30)
    var compressionLevel = 1
    var forwardTLS = false
    var forwardAuthority: String?
    var forwardTLSCertificate: String?
    var forwardTLSKey: String?
    var forwardKeyFile: String?
    var forwardProtocol = CollectorDialect.hms
    var forwardCompression: BatchEncoding = .zstd
    var failoverAfter: Duration? = Duration.seconds(600)
    var spoolDirectory: String? = "/var/lib/hms/sidecar/spool"
    var spoolRequired = false
    var spoolMaxBytes = 512 << 20
    var spoolMemoryBytes = 16 << 20
    var spoolSync = SpoolOptions.Sync.every(.seconds(1))

    var refining = RefiningSettings()

    package init() {
        // Beside the sender, where a round trip takes microseconds: small windows fill no memory and cost no time.
        common.limits.streamWindow = 1 << 20
        common.limits.connectionWindow = 4 << 20
    }

    var spoolOptions: SpoolOptions {
        var options = SpoolOptions(directory: spoolDirectory)
        options.maxBytes = spoolMaxBytes
        options.maxMemoryBytes = spoolMemoryBytes
        options.isRequired = spoolRequired
        options.sync = spoolSync
        options.batchBytes = batchBytes
        options.maxDelay = maxDelay
        return options
    }

    private static let ownKeys: [SettingKey<SidecarSettings>] = [
        SettingKey(
            "receive.udp", \SidecarSettings.udp, SettingType.listenAddress.orNone(writtenAs: "off"),
            why: "Native datagrams (hms.v1.Datagram) and bare OTLP traces, without acknowledgement."),
        SettingKey(
            "receive.udp_buffer", \SidecarSettings.udpBufferBytes, .size(in: 64 << 10...1 << 30),
            why: "Kernel buffer for bursts; more than net.core.rmem_max needs CAP_NET_ADMIN."),
        SettingKey(
            "receive.otlp", \SidecarSettings.otlp, SettingType.listenAddress.list(count: 0...16),
            why: "OTLP over gRPC, HTTP/2 and HTTP/1.1; each address takes all three."),
        SettingKey(
            "receive.max_message_bytes", \SidecarSettings.maxMessageBytes, .size(in: 1 << 10...16 << 20),
            why: "One request after decompression; over it the answer is 413."),
        SettingKey(
            "admin.listen", \SidecarSettings.admin, SettingType.listenAddress.orNone(writtenAs: "off"),
            why: "The health page, /ledger, /explain, /metrics, /healthz and /readyz."),
        SettingKey(
            "forward.collectors", \SidecarSettings.collectors,
            SettingType.peerAddress.list(count: 1...CollectorSet.most),
            why:
                "Where batches go; of several each owns the traces that rendezvous hashing gives it, so that spans meet."
        ),
        SettingKey(
            "forward.protocol", \SidecarSettings.forwardProtocol, .word,
            why: "hms stores each batch once; otlp-grpc and otlp-http (HTTP/1.1) speak to any other backend."),
        SettingKey(
            "forward.compression", \SidecarSettings.forwardCompression, .word,
            why: "How batches are packed; a collector that does not know it is sent plainer ones."),
        SettingKey(
            "forward.failover_after", \SidecarSettings.failoverAfter,
            SettingType.duration(in: .seconds(1) ... .seconds(86_400 * 30)).orNone(writtenAs: "never"),
            why: "Of several collectors, one that is away for so long has its share sent to the others."),
        SettingKey(
            "forward.batch_bytes", \SidecarSettings.batchBytes, .size(in: 1 << 10...2 << 20),
            why: "A batch is sent when it is this large: larger ones compress better."),
        SettingKey(
            "forward.max_delay", \SidecarSettings.maxDelay, .duration(in: .milliseconds(1) ... .seconds(60)),
            why: "A batch is sent when it is this old: sooner means fresher traces."),
        SettingKey(
            "forward.in_flight", \SidecarSettings.maxInFlight, .integer(in: 1...64),
            why: "Batches on their way at once; hides the round trip to the collector."),
        SettingKey(
            "forward.deadline", \SidecarSettings.forwardDeadline, .duration(in: .milliseconds(100) ... .seconds(600)),
            why: "A batch without an answer for so long is sent again."),
        SettingKey(
            "forward.compression_level", \SidecarSettings.compressionLevel, .integer(in: -7...19),
            why: "zstd level; above 1 costs more than it saves on spans."),
        SettingKey("forward.tls", \SidecarSettings.forwardTLS, .boolean, why: "Speak TLS to the collector."),
        SettingKey(
            "forward.tls_authority", \SidecarSettings.forwardAuthority, SettingType.path.orNone(writtenAs: "none"),
            why: "PEM authorities that may sign the collector's certificate; none means the system's."),
        SettingKey(
            "forward.tls_certificate", \SidecarSettings.forwardTLSCertificate,
            SettingType.path.orNone(writtenAs: "none"),
            why: "PEM chain that the sidecar shows, for a collector that asks for one."),
        SettingKey(
            "forward.tls_key", \SidecarSettings.forwardTLSKey, SettingType.path.orNone(writtenAs: "none"),
            why: "PEM private key of forward.tls_certificate."),
        SettingKey(
            "forward.key_file", \SidecarSettings.forwardKeyFile, SettingType.path.orNone(writtenAs: "none"),
            why: "File with the key that the sidecar shows to a collector that has 'keys.file'."),
        SettingKey(
            "spool.directory", \SidecarSettings.spoolDirectory, SettingType.path.orNone(writtenAs: "none"),
            why: "What was acknowledged and waits for the collector; outlives the process. none keeps it in memory."),
        SettingKey(
            "spool.required", \SidecarSettings.spoolRequired, .boolean,
            why: "Take nothing while the directory cannot be written, rather than go on in memory and say so."),
        SettingKey(
            "spool.max_bytes", \SidecarSettings.spoolMaxBytes, .size(in: 1 << 20...1 << 40),
            why: "Bytes of the spool's files; over it senders are asked to come again."),
        SettingKey(
            "spool.memory_bytes", \SidecarSettings.spoolMemoryBytes, .size(in: 1 << 20...1 << 36),
            why: "Bytes that may wait while the spool is in memory."),
        SettingKey(
            "spool.sync", \SidecarSettings.spoolSync, .spoolSync,
            why: "What a power cut may cost: 1s, or always for a disk that is waited for at each answer."),
    ]

    package static let schema = SettingSchema(
        defaults: SidecarSettings(),
        keys: MetricDoorSettings.receiveKeys + ownKeys + RefiningSettings.settingKeys + MetricDoorSettings.keys
            + commonKeys(),
        checks: [
            { $0.common.tlsConflict },
            { $0.refining.conflict },
            { $0.common.conflict(at: "receive.otlp", addresses: $0.otlp, secured: true) },
            { $0.common.conflict(at: "receive.udp", addresses: $0.udp.map { [$0] } ?? [], secured: false) },
            {
                $0.common.conflict(
                    at: "receive.statsd", addresses: $0.metricDoors.statsD.map { [$0] } ?? [], secured: false)
            },
            {
                $0.common.conflict(at: "receive.push", addresses: $0.metricDoors.push.map { [$0] } ?? [], secured: true)
            },
            { $0.common.conflict(at: "admin.listen", addresses: $0.admin.map { [$0] } ?? [], secured: true) },
            { settings in
                let isClear = !settings.forwardTLS && settings.collectors.contains { !$0.isLoopback }
                guard settings.forwardKeyFile != nil, isClear, !settings.common.allowsOpenDoors else { return nil }
                return SettingConflict(
                    key: "forward.key_file",
                    reason: "would send the key to other machines in clear text; set 'forward.tls = true', "
                        + "or 'listen.open = true' if the network is trusted")
            },
            { settings in
                (settings.forwardTLSCertificate == nil) == (settings.forwardTLSKey == nil)
                    ? nil
                    : SettingConflict(
                        key: "forward.tls_certificate",
                        reason: "is not enough alone; set 'forward.tls_certificate' and 'forward.tls_key' together")
            },
        ])
}

extension SettingType where Value == SpoolOptions.Sync {
    fileprivate static var spoolSync: Self {
        let duration = SettingType<Duration>.duration(in: .milliseconds(10) ... .seconds(60))
        return Self(
            expected: "'always' or \(duration.expected)",
            parse: { text in text == "always" ? .always : duration.parse(text).map { .every($0) } },
            format: { sync in
                switch sync {
                case .always: "always"
                case .every(let interval): duration.format(interval)
                }
            })
    }
}
