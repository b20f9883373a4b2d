import Configuration
import Daemon
import EventLoop
import HTTP
import MetricDoors
import Testing

@testable import Sidecar

// One after the other, since one test may write the file that another reads.
@Suite(.serialized) struct SidecarSettingsTests {
    private let schema = SidecarSettings.schema

    private func read(_ overrides: [String]) throws(ConfigurationError) -> SidecarSettings {
        try schema.read(overrides: overrides).configuration
    }

    // MARK: sidecar.conf

    private static let introduction = [
        "Settings of hms-sidecar: every key with its default, below one line that says why one would set it.",
        "Where a key is set more than once the last of these wins: the default, the file given by --config,",
        "HMS_<SECTION>_<KEY> in the environment, --set section.key=value.",
        "Sizes are written 65536, 64KiB, 4MiB; times 200ms, 1s, 10m, 1h, 7d.",
        "scripts/write-reference-configuration writes this file; a copy need only hold what differs.",
    ]

    @Test("sidecar.conf shows every setting, with its default and why one would set it")
    func referenceFile() throws {
        let file = ReferenceFile(name: "sidecar.conf")
        let expected = schema.referenceFile(introduction: Self.introduction)
        if ReferenceFile.isToBeWritten { try file.write(expected) }
        let text = try file.read()
        #expect(schema.gaps(inReferenceFile: text) == [])
        #expect(text == expected)
    }

    @Test("sidecar.conf reads back as the defaults, without a problem or a note")
    func referenceFileIsTheDefaults() throws {
        let text = try ReferenceFile(name: "sidecar.conf").read()
        let reading = try schema.read(file: ConfigurationFile(name: "sidecar.conf", text: text))
        #expect(schema.changes(from: SidecarSettings(), to: reading.configuration) == [])
        #expect(reading.notes == [])
    }

    // MARK: doors

    private static let securedRemedy =
        "set 'tls.certificate' and 'tls.key', and 'keys.file' or 'tls.client_authority', "
        + "or 'listen.open = true' if the network is trusted"
    private static let plainRemedy = "listen on loopback, or set 'listen.open = true' if the network is trusted"

    @Test(
        "A door beyond loopback without TLS is refused, with the settings that would allow it",
        arguments: [
            ("receive.otlp", "0.0.0.0:4317", securedRemedy),
            ("receive.otlp", "127.0.0.1:4317, [::]:4318", securedRemedy),
            ("receive.udp", "10.0.0.7:4317", plainRemedy),
            ("receive.statsd", "0.0.0.0:8125", plainRemedy), ("receive.push", "0.0.0.0:8009", securedRemedy),
            ("admin.listen", "[2001:db8::1]:9100", securedRemedy),
        ])
    func refusesOpenDoors(key: String, value: String, remedy: String) {
        let error = #expect(throws: ConfigurationError.self) { try read(["\(key)=\(value)"]) }
        #expect(
            error?.description
                == "--set \(key)=\(value): '\(key)' is '\(value)', which other machines can reach without TLS; \(remedy)"
        )
    }

    @Test("TLS alone does not open a door: everybody could come in")
    func needsKeys() {
        let tls = ["tls.certificate=/etc/hms/chain.pem", "tls.key=/etc/hms/key.pem"]
        let error = #expect(throws: ConfigurationError.self) { try read(tls + ["receive.otlp=0.0.0.0:4317"]) }
        #expect(
            error?.description
                == "--set receive.otlp=0.0.0.0:4317: 'receive.otlp' is '0.0.0.0:4317', which other machines can reach "
                + "without a key; set 'keys.file' or 'tls.client_authority', "
                + "or 'listen.open = true' if the network is trusted")
    }

    @Test("Permissions of unix sockets are octal", arguments: ["0660", "777", "0"])
    func readsFileModes(mode: String) throws {
        #expect(try read(["listen.unix_mode=\(mode)"]).common.unixMode == Int(mode, radix: 8))
        #expect(throws: ConfigurationError.self) { try read(["listen.unix_mode=0888"]) }
        #expect(throws: ConfigurationError.self) { try read(["listen.unix_mode=4755"]) }
    }

    @Test("A small 'memory.max' makes bodies and messages smaller instead of being refused")
    func fitsLimitsToMemory() throws {
        let common = try read(["memory.max=24MiB"]).common
        let budget = common.makeBudget(ownBytes: 16 << 20, quarters: 3)
        #expect(budget.limit == 6 << 20)
        #expect(common.limits(within: budget).maxBodyBytes == 3 << 20)
        #expect(throws: ConfigurationError.self) { try read(["memory.max=16MiB"]) }
    }

    @Test("TLS with keys opens the TCP doors, but not the one for datagrams, which cannot have them")
    func opensByTLS() throws {
        let tls = ["tls.certificate=/etc/hms/chain.pem", "tls.key=/etc/hms/key.pem", "keys.file=/etc/hms/keys"]
        let settings = try read(tls + ["receive.otlp=0.0.0.0:4317", "admin.listen=0.0.0.0:9100"])
        #expect(settings.otlp.map(\.description) == ["0.0.0.0:4317"])
        #expect(settings.admin?.description == "0.0.0.0:9100")
        let error = #expect(throws: ConfigurationError.self) { try read(tls + ["receive.udp=0.0.0.0:4317"]) }
        #expect(
            error?.description
                == "--set receive.udp=0.0.0.0:4317: 'receive.udp' is '0.0.0.0:4317', "
                + "which other machines can reach without TLS; \(Self.plainRemedy)")
    }

    @Test("Scrape targets are read with what stands behind them, and written back as they were")
    func scrapeTargets() throws {
        let text = "127.0.0.1:9102, http://localhost/m?x=1;interval=60s;timeout=200ms;job=pay, https://[::1]:9443"
        let targets = try read(["scrape.targets=\(text)"]).metricDoors.scrapeTargets
        #expect(targets.map(\.instance) == ["127.0.0.1:9102", "localhost:80", "[::1]:9443"])
        #expect(targets.map(\.path) == ["/metrics", "/m?x=1", "/metrics"])
        #expect(targets.map(\.isSecure) == [false, false, true])
        #expect(targets[1].interval == .seconds(60) && targets[1].timeout == .milliseconds(200))
        #expect(targets[1].job == "pay")
        #expect(targets.map(\.text).joined(separator: ", ") == text)
    }

    @Test(
        "What is no scrape target is refused",
        arguments: [
            "ftp://x", "http://", "http://user:secret@x/", "x:0", "x:99999", "x;interval=0s", "x;job=", "x;colour=red",
            "http://x/a b", "x;timeout=2m",
        ])
    func refusesTargets(target: String) {
        #expect(throws: ConfigurationError.self) { try read(["scrape.targets=\(target)"]) }
    }

    @Test("'listen.open' opens all doors")
    func opensBySetting() throws {
        let settings = try read([
            "listen.open=true", "receive.otlp=0.0.0.0:4317", "receive.udp=0.0.0.0:4317", "admin.listen=[::]:9100",
        ])
        #expect(settings.otlp.map(\.description) == ["0.0.0.0:4317"])
        #expect(settings.udp?.description == "0.0.0.0:4317")
        #expect(settings.admin?.description == "[::]:9100")
    }

    @Test(
        "Half a key pair is refused, and the half that is missing named",
        arguments: [
            (
                "tls.key=/k.pem",
                "default: 'tls.certificate' is 'none', which is not enough alone; "
                    + "set 'tls.certificate' and 'tls.key' together"
            ),
            (
                "forward.tls_certificate=/c.pem",
                "--set forward.tls_certificate=/c.pem: 'forward.tls_certificate' is '/c.pem', "
                    + "which is not enough alone; set 'forward.tls_certificate' and 'forward.tls_key' together"
            ),
        ])
    func refusesHalfAPair(override: String, expected: String) {
        let error = #expect(throws: ConfigurationError.self) { try read([override]) }
        #expect(error?.description == expected)
    }
}
