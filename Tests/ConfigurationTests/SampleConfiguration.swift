import Configuration

/// What a program's configuration looks like.
struct SampleConfiguration: Sendable, Equatable {
    enum Sync: String, CaseIterable, Sendable { case always, interval, never }

    var udp: NetworkAddress? = NetworkAddress("127.0.0.1:4317")
    var otlp: [NetworkAddress] = [NetworkAddress("127.0.0.1:4317")!, NetworkAddress("127.0.0.1:4318")!]  // both parse
    var maxSpans = 2_048
    var maxDelay: Duration = .milliseconds(200)
    var maxBytes = 64 << 20
    var compress = true
    var sync = Sync.interval
    var directory = "/var/lib/hms"
    var names: [String] = []
    var certificate: String?
    var salt: String?

    static let schema = SettingSchema(
        defaults: SampleConfiguration(),
        keys: [
            SettingKey(
                "receive.udp", \.udp, SettingType.listenAddress.orNone(writtenAs: "off"),
                why: "Where services send datagrams."),
            SettingKey(
                "receive.otlp", \.otlp, SettingType.listenAddress.list(count: 0...8), why: "Where SDKs connect."),
            SettingKey(
                "batch.max_spans", \.maxSpans, .integer(in: 1...65_536), why: "Larger batches compress better.",
                reloadable: true),
            SettingKey(
                "batch.max_delay", \.maxDelay, .duration(in: .milliseconds(1) ... .seconds(60)),
                why: "Bounds the wait.",
                reloadable: true),
            SettingKey("spool.max_bytes", \.maxBytes, .size(in: 1 << 20...1 << 40), why: "Bounds the disk."),
            SettingKey("spool.compress", \.compress, .boolean, why: "Costs time, saves disk."),
            SettingKey("spool.sync", \.sync, .word, why: "Durability against speed."),
            SettingKey("spool.directory", \.directory, .path, why: "Where it lies."),
            SettingKey("resource.names", \.names, SettingType.text().list(count: 0...3), why: "Added to every span."),
            SettingKey(
                "spool.salt", \.salt, SettingType.text().orNone(writtenAs: "none"), why: "Nobody may see it.",
                reloadable: true, secret: true),
            SettingKey(
                "tls.certificate", \.certificate, SettingType.path.orNone(writtenAs: "none"),
                why: "Needed beyond loopback."),
        ],
        checks: [
            { configuration in
                guard let udp = configuration.udp, !udp.isLoopback, configuration.certificate == nil else { return nil }
                return SettingConflict(
                    key: "receive.udp",
                    reason: "can be reached from other machines; set 'tls.certificate' or use loopback")
            }
        ])

    static func problems(
        _ text: String = "", environment: [String: String] = [:], overrides: [String] = []
    ) -> [String] {
        do throws(ConfigurationError) {
            _ = try schema.read(
                file: ConfigurationFile(name: "sidecar.conf", text: text), environment: environment,
                overrides: overrides)
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }
}
