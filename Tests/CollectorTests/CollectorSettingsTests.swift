import Configuration
import Testing

@testable import Collector

// One after the other, since one test may write the file that another reads.
@Suite(.serialized) struct CollectorSettingsTests {
    private let schema = CollectorSettings.schema

    private func read(_ overrides: [String]) throws(ConfigurationError) -> CollectorSettings {
        try schema.read(overrides: overrides).configuration
    }

    // MARK: collector.conf

    private static let introduction = [
        "Settings of hms-collector: every key with its default, below one line that says why one would set it.",
        "Where a key is set more than once the last of these wins: the default, the file given by --config,",
        "HMS_<SECTION>_<KEY> in the environment, --set section.key=value.",
        "Sizes are written 65536, 64KiB, 4MiB; times 200ms, 1s, 10m, 1h, 7d.",
        "scripts/write-reference-configuration writes this file; a copy need only hold what differs.",
    ]

    @Test("collector.conf shows every setting, with its default and why one would set it")
    func referenceFile() throws {
        let file = ReferenceFile(name: "collector.conf")
        let expected = schema.referenceFile(introduction: Self.introduction)
        if ReferenceFile.isToBeWritten { try file.write(expected) }
        let text = try file.read()
        #expect(schema.gaps(inReferenceFile: text) == [])
        #expect(text == expected)
    }

    @Test("collector.conf reads back as the defaults, without a problem or a note")
    func referenceFileIsTheDefaults() throws {
        let text = try ReferenceFile(name: "collector.conf").read()
        let reading = try schema.read(file: ConfigurationFile(name: "collector.conf", text: text))
        #expect(schema.changes(from: CollectorSettings(), to: reading.configuration) == [])
        #expect(reading.notes == [])
    }

    // MARK: doors

    @Test(
        "A door beyond loopback without TLS is refused, with the settings that would allow it",
        arguments: [
            ("receive.otlp", "0.0.0.0:14317"), ("receive.otlp", "127.0.0.1:14317, [::]:14318"),
            ("console.listen", "192.0.2.1:9090"),
        ])
    func refusesOpenDoors(key: String, value: String) {
        let error = #expect(throws: ConfigurationError.self) { try read(["\(key)=\(value)"]) }
        #expect(
            error?.description
                == "--set \(key)=\(value): '\(key)' is '\(value)', which other machines can reach without TLS; "
                + "set 'tls.certificate' and 'tls.key', and 'keys.file' or 'tls.client_authority', or 'listen.open = true' if the network is trusted"
        )
    }

    @Test(
        "TLS with keys or clients' certificates opens all doors, and so does 'listen.open'",
        arguments: [
            ["tls.certificate=/etc/hms/chain.pem", "tls.key=/etc/hms/key.pem", "keys.file=/etc/hms/keys"],
            ["tls.certificate=/etc/hms/chain.pem", "tls.key=/etc/hms/key.pem", "tls.client_authority=/etc/hms/ca.pem"],
            ["listen.open=true"],
        ])
    func opensDoors(permission: [String]) throws {
        let settings = try read(permission + ["receive.otlp=0.0.0.0:14317", "console.listen=[::]:9090"])
        #expect(settings.otlp.map(\.description) == ["0.0.0.0:14317"])
        #expect(settings.console?.description == "[::]:9090")
    }

    @Test("An authority for clients without a certificate of our own is refused")
    func refusesAuthorityAlone() {
        let error = #expect(throws: ConfigurationError.self) { try read(["tls.client_authority=/ca.pem"]) }
        #expect(
            error?.description
                == "--set tls.client_authority=/ca.pem: 'tls.client_authority' is '/ca.pem', "
                + "which needs 'tls.certificate' and 'tls.key'")
    }
}
