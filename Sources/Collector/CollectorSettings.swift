package import Configuration
package import Daemon
import HTTP
import Keeping
import SegmentStore

/// What the collector is set up with; the initial values are the defaults.
package struct CollectorSettings: HasCommonSettings {
    package var common = CommonSettings()
    // Written as text because the addresses below cannot fail to be read.
    var otlp = ["127.0.0.1:14317"].compactMap { NetworkAddress($0) }
    var maxMessageBytes = 16 << 20
    var console: NetworkAddress? = NetworkAddress("127.0.0.1:9090")
    var consoleHosts: [String] = []
    var queryThreads = 2
    var storeDirectory = "/var/lib/hms-ops/collector"
    var retention: Duration? = .seconds(7 * 86_400)
    var maxBytes: Int? = 20 << 30
    var keep = ""
    var segmentBytes = 64 << 20
    var queueBytes = 64 << 20
    var compressionLevel = -1
    var maxTenants = 16
    var tee = TeeSettings()

    package init() {
        // A batch of the largest message that cannot be compressed is a little larger than the message.
        common.limits.maxBodyBytes = 16 << 20 + 64 << 10
        common.memoryMax = 512 << 20
    }

    private static let ownKeys: [SettingKey<CollectorSettings>] = [
        SettingKey(
            "receive.otlp", \CollectorSettings.otlp, SettingType.listenAddress.list(count: 1...16),
            why: "OTLP over gRPC, HTTP/2 and HTTP/1.1, and the sidecars' batches; each address takes all of it."),
        SettingKey(
            "receive.max_message_bytes", \CollectorSettings.maxMessageBytes, .size(in: 1 << 10...16 << 20),
            why: "One request after decompression; over it the answer is 413."),
        SettingKey(
            "console.listen", \CollectorSettings.console, SettingType.listenAddress.orNone(writtenAs: "off"),
            why: "The console, the API, /metrics, /healthz and /readyz."),
        SettingKey(
            "console.hosts", \CollectorSettings.consoleHosts, SettingType.text(length: 1...255).list(count: 0...64),
            why: "Names besides loopback that browsers may call the console by; keeps foreign pages out."),
        SettingKey(
            "console.query_threads", \CollectorSettings.queryThreads, .integer(in: 1...64),
            why: "Threads that read traces, so that a slow query holds up neither ingest nor health."),
        SettingKey(
            "store.directory", \CollectorSettings.storeDirectory, .path,
            why: "Where spans are kept; one collector at a time."),
        SettingKey(
            "store.retention", \CollectorSettings.retention,
            SettingType.duration(in: .seconds(60) ... .seconds(3650 * 86_400)).orNone(writtenAs: "off"),
            why: "Data older than this, counted from its arrival, is deleted; at most an hour of it at a time."),
        SettingKey(
            "store.max_bytes", \CollectorSettings.maxBytes,
            SettingType.size(in: 64 << 20...1 << 50).orNone(writtenAs: "off"),
            why: "The oldest data is deleted when all of it takes more."),
        SettingKey(
            "store.keep", \CollectorSettings.keep,
            SettingType<String>(
                expected: "'QUERY for TIME' separated by semicolons", parse: { $0.utf8.count <= 16_384 ? $0 : nil },
                format: { $0 }),
            why:
                "Traces that outlive store.retention, such as status = error for 30d; store.max_bytes holds all the same."
        ),
        SettingKey(
            "store.segment_bytes", \CollectorSettings.segmentBytes, .size(in: 1 << 20...4 << 30),
            why: "A segment is sealed at this size: what retention deletes, and what a restart rereads."),
        SettingKey(
            "store.queue_bytes", \CollectorSettings.queueBytes, .size(in: 1 << 20...4 << 30),
            why: "Data that may wait for the disk; over it senders are asked to come again."),
        SettingKey(
            "store.compression_level", \CollectorSettings.compressionLevel, .integer(in: -7...19),
            why: "zstd level; above 1 costs more than it saves on spans."),
        SettingKey(
            "tenants.max", \CollectorSettings.maxTenants, .integer(in: 1...1024),
            why: "Tenants named by keys, each with a store of its own under store.directory and store.* for itself."),
    ]

    package static let schema = SettingSchema(
        defaults: CollectorSettings(),
        keys: ownKeys + TeeSettings.keys + commonKeys(),
        checks: [
            { $0.common.tlsConflict },
            { settings in
                do throws(KeepRuleError) { _ = try KeepRule.parse(settings.keep) } catch {
                    return SettingConflict(key: "store.keep", reason: "cannot be used: \(error)")
                }
                return nil
            },
            { $0.common.conflict(at: "receive.otlp", addresses: $0.otlp, secured: true) },
            { $0.tee.conflict(allowsOpenDoors: $0.common.allowsOpenDoors) },
            { $0.common.conflict(at: "console.listen", addresses: $0.console.map { [$0] } ?? [], secured: true) },
        ])

    /// - Parameter directory: the store's.
    func storeOptions(in directory: String, onProblem: (String) -> Void) -> StoreOptions {
        var options = StoreOptions()
        // Settings with rules that cannot be read were refused.
        options.keeping = KeptTraces(
            rules: (try? KeepRule.parse(keep)) ?? [], pins: PinBook(directory: directory, onProblem: onProblem))
        options.segmentBytes = segmentBytes
        options.maxQueuedBytes = queueBytes
        options.retention = retention
        options.maxBytes = maxBytes
        options.compressionLevel = compressionLevel
        options.verificationDelay = .seconds(60)
        return options
    }
}
