import Configuration
import Testing

@Suite struct ReadingTests {
    @Test("Nothing given, everything is as the properties say")
    func defaults() throws {
        #expect(try SampleConfiguration.schema.read().configuration == SampleConfiguration())
    }

    @Test("A file sets every kind of value, comments, blanks, CRLF and a byte order mark aside")
    func file() throws {
        let text =
            "\u{FEFF}# head\r\n[receive]\r\nudp = off # no datagrams\notlp=[::1]:4317 ,127.0.0.1:4318\n"
            + "\n[batch]\n\tmax_spans = 1\nmax_delay = 1s\n[ spool ]\nmax_bytes = 4MiB\ncompress = no\nsync = always\n"
            + "directory = \"/tmp/with #hash\" # why\n[resource]\nnames = a#b, c d\n[tls]\ncertificate = /etc/c.pem\n"
        var expected = SampleConfiguration()
        expected.udp = nil
        expected.otlp = [NetworkAddress("[::1]:4317")!, NetworkAddress("127.0.0.1:4318")!]  // both parse
        expected.maxSpans = 1
        expected.maxDelay = .seconds(1)
        expected.maxBytes = 4 << 20
        expected.compress = false
        expected.sync = .always
        expected.directory = "/tmp/with #hash"
        expected.names = ["a#b", "c d"]
        expected.certificate = "/etc/c.pem"
        let file = ConfigurationFile(name: "f", text: text)
        #expect(try SampleConfiguration.schema.read(file: file).configuration == expected)
    }

    @Test("The environment goes over the file and --set over both, the last one winning")
    func precedence() throws {
        let file = ConfigurationFile(
            name: "f", text: "[batch]\nmax_spans = 1\nmax_delay = 1s\n[spool]\nmax_bytes = 1MiB")
        let configuration = try SampleConfiguration.schema.read(
            file: file, environment: ["HMS_BATCH_MAX_SPANS": "2", "HMS_BATCH_MAX_DELAY": "2s", "PATH": "/bin"],
            overrides: ["batch.max_spans=3", " batch.max_spans = 4 "]
        ).configuration
        #expect(configuration.maxSpans == 4)
        #expect(configuration.maxDelay == .seconds(2))
        #expect(configuration.maxBytes == 1 << 20)
    }

    @Test(
        "Each mistake is told with its place, what was found and what was expected",
        arguments: [
            (
                "[batch]\nmax_spans = 0",
                "sidecar.conf:2: 'batch.max_spans' is '0', expected a whole number from 1 to 65536"
            ),
            (
                "[batch]\nmax_spans = 1e3",
                "sidecar.conf:2: 'batch.max_spans' is '1e3', expected a whole number from 1 to 65536"
            ),
            (
                "[batch]\nmax_spans = 99999999999999999999",
                "sidecar.conf:2: 'batch.max_spans' is '99999999999999999999', expected a whole number from 1 to 65536"
            ),
            (
                "[batch]\nmax_spans =",
                "sidecar.conf:2: 'batch.max_spans' is '', expected a whole number from 1 to 65536"
            ),
            (
                "[batch]\nmax_delay = 200",
                "sidecar.conf:2: 'batch.max_delay' is '200', expected a time such as 200ms, 1s, 10m, 1h or 7d, from 1ms to 1m"
            ),
            (
                "[batch]\nmax_delay = 61s",
                "sidecar.conf:2: 'batch.max_delay' is '61s', expected a time such as 200ms, 1s, 10m, 1h or 7d, from 1ms to 1m"
            ),
            (
                "[spool]\nmax_bytes = 64MB",
                "sidecar.conf:2: 'spool.max_bytes' is '64MB', expected a size such as 65536, 64KiB or 4MiB, from 1MiB to 1TiB"
            ),
            (
                "[spool]\nmax_bytes = 9999999999999TiB",
                "sidecar.conf:2: 'spool.max_bytes' is '9999999999999TiB', expected a size such as 65536, 64KiB or 4MiB, from 1MiB to 1TiB"
            ),
            ("[spool]\ncompress = maybe", "sidecar.conf:2: 'spool.compress' is 'maybe', expected 'true' or 'false'"),
            (
                "[spool]\nsync = often",
                "sidecar.conf:2: 'spool.sync' is 'often', expected one of 'always', 'interval', 'never'"
            ),
            (
                "[receive]\nudp = localhost:4317",
                "sidecar.conf:2: 'receive.udp' is 'localhost:4317', expected an address such as 127.0.0.1:4317, [::1]:4317 or unix:/path, or 'off'"
            ),
            (
                "[resource]\nnames = a,b,c,d",
                "sidecar.conf:2: 'resource.names' is 'a,b,c,d', expected 0 to 3 values separated by commas, each text of 1 to 1024 bytes"
            ),
            (
                "[resource]\nnames = a,,b",
                "sidecar.conf:2: 'resource.names' is 'a,,b', expected 0 to 3 values separated by commas, each text of 1 to 1024 bytes"
            ),
            (
                "[batch]\nmax_span = 5",
                "sidecar.conf:2: there is no setting 'batch.max_span'; did you mean 'batch.max_spans'?"
            ),
            (
                "[bach]\nmax_spans = 5",
                "sidecar.conf:2: there is no setting 'bach.max_spans'; did you mean 'batch.max_spans'?"
            ),
            ("[spool]\nudp = off", "sidecar.conf:2: there is no setting 'spool.udp'; did you mean 'receive.udp'?"),
            ("[x]\nzzzzzzzz = 5", "sidecar.conf:2: there is no setting 'x.zzzzzzzz'"),
            (
                "[batch]\nmax_spans = 1\nmax_spans = 1",
                "sidecar.conf:3: 'batch.max_spans' is set in line 2 already; remove one of them"
            ),
            ("max_spans = 1", "sidecar.conf:1: 'max_spans' stands before the first '[section]'"),
            ("[batch\nmax_spans = 1", "sidecar.conf:1: '[batch' is not a section, expected '[name]'"),
            ("[]\n", "sidecar.conf:1: '[]' is not a section, expected '[name]'"),
            ("[batch]\nmax spans = 1", "sidecar.conf:2: 'max spans' is not a key; keys hold letters, digits and '_'"),
            ("[batch]\n= 1", "sidecar.conf:2: '' is not a key; keys hold letters, digits and '_'"),
            ("[batch]\nnonsense", "sidecar.conf:2: 'nonsense' is neither '[section]' nor 'key = value'"),
            ("[spool]\ndirectory = a\u{1B}[31m", "sidecar.conf:2: the line holds a control character"),
            (
                "[receive]\nudp = 10.0.0.1:4317",
                "sidecar.conf:2: 'receive.udp' is '10.0.0.1:4317', which can be reached from other machines; set 'tls.certificate' or use loopback"
            ),
        ])
    func problem(text: String, sentence: String) {
        #expect(SampleConfiguration.problems(text) == [sentence])
    }

    @Test("All problems of all layers are told together, those of the file by line")
    func together() {
        #expect(
            SampleConfiguration.problems(
                "[batch]\nmax_spans = 0\nnonsense\nmax_delay = x\n", environment: ["HMS_SPOOL_SYNC": "x\ny"],
                overrides: ["spool.compress=perhaps", "spool", "spol.sync=always"])
                == [
                    "sidecar.conf:2: 'batch.max_spans' is '0', expected a whole number from 1 to 65536",
                    "sidecar.conf:3: 'nonsense' is neither '[section]' nor 'key = value'",
                    "sidecar.conf:4: 'batch.max_delay' is 'x', expected a time such as 200ms, 1s, 10m, 1h or 7d, from 1ms to 1m",
                    "environment HMS_SPOOL_SYNC: 'spool.sync' is 'x\\u{a}y', expected one of 'always', 'interval', 'never'",
                    "--set spool.compress=perhaps: 'spool.compress' is 'perhaps', expected 'true' or 'false'",
                    "--set spool: expected section.key=value",
                    "--set spol.sync=always: there is no setting 'spol.sync'; did you mean 'spool.sync'?",
                ])
    }

    @Test("A conflict names the layer that set the value")
    func conflictOrigin() {
        #expect(
            SampleConfiguration.problems(overrides: ["receive.udp=0.0.0.0:1"]).first?.hasPrefix(
                "--set receive.udp=0.0.0.0:1: ") == true)
    }

    @Test("Another program's variable is noted, not refused")
    func foreignVariables() throws {
        let reading = try SampleConfiguration.schema.read(
            environment: ["HMS_STORE_DIRECTORY": "/x", "HMS_RECEIVE_UPD": "off", "HMS_BATCH_ZZZZZZZZZZ": "1"])
        #expect(reading.configuration == SampleConfiguration())
        #expect(
            reading.notes == [
                "environment HMS_BATCH_ZZZZZZZZZZ is not a setting of this program",
                "environment HMS_RECEIVE_UPD is not a setting of this program; did you mean HMS_RECEIVE_UDP?",
            ])
    }

    @Test("A huge file, a huge line and a thousand problems stay bounded")
    func bounds() {
        #expect(
            SampleConfiguration.problems(String(repeating: "#", count: 2 << 20)) == [
                "sidecar.conf:1: the file is over 1 MiB"
            ])
        #expect(
            SampleConfiguration.problems("#" + String(repeating: "x", count: 5_000)) == [
                "sidecar.conf:1: the line is over 4096 bytes"
            ])
        let many = SampleConfiguration.problems(String(repeating: "nonsense\n", count: 1_000))
        #expect(many.count == 101 && many.last == "and 900 further problems")
    }

    @Test("A reload learns what differs and what of it can change while running")
    func changes() {
        var new = SampleConfiguration()
        new.maxDelay = .seconds(1)
        new.udp = nil
        #expect(
            SampleConfiguration.schema.changes(from: SampleConfiguration(), to: new).map {
                "\($0.key): \($0.old) -> \($0.new), \($0.isReloadable)"
            } == [
                "receive.udp: 127.0.0.1:4317 -> off, false", "batch.max_delay: 200ms -> 1s, true",
            ])
    }

    @Test("A reload takes only what can change while running")
    func adopting() {
        var (inForce, fresh) = (SampleConfiguration(), SampleConfiguration())
        inForce.maxSpans = 7
        inForce.sync = .never
        fresh.maxDelay = .seconds(1)
        fresh.udp = nil
        fresh.salt = "pepper"
        var expected = SampleConfiguration()
        expected.sync = .never
        expected.maxDelay = .seconds(1)
        expected.salt = "pepper"
        #expect(SampleConfiguration.schema.adopting(fresh, over: inForce) == expected)
    }

    @Test("That a secret changed is told, and what it is, is not")
    func secretChange() throws {
        var new = SampleConfiguration()
        new.salt = "pepper"
        let change = try #require(SampleConfiguration.schema.changes(from: SampleConfiguration(), to: new).first)
        #expect(change.key == "spool.salt" && change.old == "(secret)" && change.new == "(secret)")
    }

    @Test("The reference file reads back as the defaults and has no gaps; a stale one is caught")
    func reference() throws {
        let schema = SampleConfiguration.schema
        let text = schema.referenceFile(introduction: ["Sample.", "Two lines."])
        #expect(
            text.hasPrefix(
                "# Sample.\n# Two lines.\n\n[receive]\n# Where services send datagrams.\nudp = 127.0.0.1:4317\n"))
        #expect(schema.gaps(inReferenceFile: text) == [])
        let read = try schema.read(file: ConfigurationFile(name: "f", text: text)).configuration
        #expect(read == SampleConfiguration())
        let stale =
            text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { $0 != "sync = interval" && $0 != "# Bounds the wait." }
            .joined(separator: "\n") + "max_spans = 9\n"
        #expect(
            schema.gaps(inReferenceFile: stale) == [
                "'batch.max_delay' lacks the line '# Bounds the wait.' above it", "'spool.sync' is missing",
                "'tls.max_spans' is not a setting",
            ])
    }
}
