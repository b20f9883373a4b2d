import Access
import Configuration
import Glibc
import JSON

/// `hms-ops key`: who may come in.
enum KeyCommand {
    static let command = Command(
        CommandSpec(
            "key",
            "make, list and revoke the keys that open sidecars and collectors",
            arguments: [
                ArgumentSpec("ACTION", "create, list or revoke", words: ["create", "list", "revoke"]),
                ArgumentSpec("NAME", "the key's name, for create and revoke", isRequired: false),
            ],
            options: [
                .value(
                    "file", "FILE",
                    "the programs' 'keys.file', which create makes where it is missing [$HMS_KEYS_FILE]",
                    candidates: .files),
                .value(
                    "scope", "SCOPE", "create: what the key is good for; ingest where none is given",
                    candidates: .words(AccessScope.allCases.map(\.rawValue)), repeats: true),
                .value("tenant", "NAME", "create: whose data it sends and sees"),
                .value("expires", "WHEN", "create: after a time such as 90d, or at one such as 2027-01-01T00:00:00Z"),
                .value("rate", "N", "create: requests a second that it may make"),
                .value("bytes", "SIZE", "create: bytes a second that it may send, such as 10MiB"),
                .flag("json", "list: print JSON instead"),
            ],
            examples: [
                (
                    "hms-ops key create pay --file /etc/hms/keys > pay.key",
                    "a key for a service or a sidecar to send with; it is shown this once"
                ),
                (
                    "hms-ops key create alice --scope read --scope admin --expires 90d --file /etc/hms/keys",
                    "a key for a person"
                ),
                ("hms-ops key revoke pay --file /etc/hms/keys", "programs that use the file refuse it a second later"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        guard let path = arguments.value("file") ?? Terminal.environment("HMS_KEYS_FILE") else {
            throw .usage(.missingArgument("--file FILE, the programs' 'keys.file'", command: "key"))
        }
        switch arguments.arguments[0] {
        case "create": return try create(try name(arguments), path, arguments, terminal)
        case "revoke": return try revoke(try name(arguments), path, terminal)
        default: return try list(path, arguments, terminal)
        }
    }

    private static func name(_ arguments: ParsedArguments) throws(OpsError) -> String {
        guard arguments.arguments.count > 1 else {
            throw .usage(.missingArgument("NAME", command: "key \(arguments.arguments[0])"))
        }
        let name = arguments.arguments[1]
        guard KeyFile.isName(name) else {
            throw .usage(
                .invalidValue(option: "NAME", value: name, expected: "up to 64 letters, digits, '.', '_' and '-'"))
        }
        return name
    }

    // MARK: create

    private static func create(
        _ name: String, _ path: String, _ arguments: ParsedArguments, _ terminal: Terminal
    ) throws(OpsError) -> ExitCode {
        let text = KeyText.random()
        let key = try newKey(name, text, arguments, now: .now())
        let file = try KeyFileChange(path, mayCreate: true)
        try file.replace(
            try edited { () throws(KeyFileEdit.Problem) in
                try KeyFileEdit.adding(key, to: file.text, file: path)
            })
        terminal.write(text.text + "\n")
        terminal.remark(advice(key, path))
        return .success
    }

    static func newKey(
        _ name: String, _ text: KeyText, _ arguments: ParsedArguments, now: UTCSecond
    ) throws(OpsError) -> AccessKey {
        var scopes: AccessScopes = []
        for word in arguments.values("scope") {
            if let scope = AccessScope(rawValue: word) { scopes.insert(.init(scope)) }
        }
        var key = AccessKey(
            name: name, digest: text.digest, scopes: scopes.isEmpty ? AccessScopes(.ingest) : scopes, created: now)
        if let given = arguments.value("tenant") {
            guard let tenant = TenantName(given) else {
                throw .usage(.invalidValue(option: "--tenant", value: given, expected: TenantName.rule))
            }
            key.tenant = tenant
        }
        if let given = arguments.value("expires") { key.expires = try end(given, now: now) }
        do throws(UsageError) {
            key.requestsPerSecond = try arguments.integer("rate", in: 1...1_000_000_000)
        } catch {
            throw .usage(error)
        }
        if let given = arguments.value("bytes") {
            guard let amount = ByteSize.parse(given), amount > 0 else {
                throw .usage(.invalidValue(option: "--bytes", value: given, expected: "a size such as 10MiB"))
            }
            key.bytesPerSecond = amount
        }
        return key
    }

    private static func end(_ text: String, now: UTCSecond) throws(OpsError) -> UTCSecond {
        let time: UTCSecond?
        if let duration = DurationText.parse(text) {
            let (seconds, overflow) = now.seconds.addingReportingOverflow(UInt64(clamping: duration.components.seconds))
            // Beyond the year 9999 it could not be written.
            time = overflow || seconds >= 253_402_300_800 ? nil : UTCSecond(seconds: seconds)
        } else {
            time = UTCSecond(text)
        }
        guard let time, time > now else {
            throw .usage(
                .invalidValue(
                    option: "--expires", value: text, expected: "a time to come: 90d, 12h or 2027-01-01T00:00:00Z"))
        }
        return time
    }

    private static func advice(_ key: AccessKey, _ path: String) -> String {
        var text = "This is the only time that the key '\(key.name)' is shown; \(path) holds its digest alone.\n"
        if key.scopes.allows(.ingest) {
            text +=
                "  to send with it: into a file that only the sender can read, named by 'forward.key_file' of a sidecar, "
            text += "TracerOptions.keyFile, or as OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20KEY'\n"
        }
        if key.scopes.allows(.read) || key.scopes.allows(.admin) {
            text += "  to look with it: hms-ops … --key-file FILE; a browser asks for it as the password of any name\n"
        }
        text += "  programs with keys.file = \(path) know it within a second or two; "
        return text + "start others with that setting\n"
    }

    // MARK: revoke

    private static func revoke(_ name: String, _ path: String, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let file = try KeyFileChange(path, mayCreate: false)
        try file.replace(
            try edited { () throws(KeyFileEdit.Problem) in
                try KeyFileEdit.revoking(name, at: .now(), in: file.text, file: path)
            })
        terminal.remark("'\(name)' is revoked; programs with keys.file = \(path) refuse it within a second or two\n")
        return .success
    }

    private static func edited(_ edit: () throws(KeyFileEdit.Problem) -> String) throws(OpsError) -> String {
        do { return try edit() } catch { throw .keys(error) }
    }

    // MARK: list

    private static func list(
        _ path: String, _ arguments: ParsedArguments, _ terminal: Terminal
    ) throws(OpsError) -> ExitCode {
        let keys: [AccessKey]
        let text = try KeyFileChange.read(path)
        do { keys = try KeyFile.parse(text, file: path) } catch { throw .keys(.invalid(error)) }
        terminal.write(arguments.has("json") ? json(keys, now: .now()) : table(keys, now: .now(), terminal.output))
        return .success
    }

    static func table(_ keys: [AccessKey], now: UTCSecond, _ style: TextStyle) -> String {
        var table = TextTable(["name", "state", "scopes", "tenant", "expires", "created", "limits"], leading: 7)
        for key in keys {
            let state = key.state(at: now)
            let limits = [
                key.requestsPerSecond.map { "\($0)/s" }, key.bytesPerSecond.map { "\(ByteSize.format($0))/s" },
            ]
            table.add(
                [
                    key.name, state.rawValue, key.scopes.description, key.tenant?.text ?? "-",
                    key.expires?.description ?? "never", key.created?.description ?? "-",
                    limits.compactMap { $0 }.joined(separator: " "),
                ], isRed: state != .valid)
        }
        return table.text(style: style)
    }

    static func json(_ keys: [AccessKey], now: UTCSecond) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("keys")
            writer.array { writer in
                for key in keys { write(key, now, &writer) }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private static func write(_ key: AccessKey, _ now: UTCSecond, _ writer: inout JSONWriter) {
        writer.object { writer in
            func member(_ name: String, _ value: String?) {
                writer.key(name)
                if let value { writer.string(value) } else { writer.null() }
            }
            member("name", key.name)
            member("state", key.state(at: now).rawValue)
            writer.key("scopes")
            writer.array { writer in
                for scope in AccessScope.allCases where key.scopes.allows(scope) { writer.string(scope.rawValue) }
            }
            member("tenant", key.tenant?.text)
            member("created", key.created?.description)
            member("expires", key.expires?.description)
            member("revoked", key.revoked?.description)
            writer.key("requests_per_second")
            if let rate = key.requestsPerSecond { writer.number(rate) } else { writer.null() }
            writer.key("bytes_per_second")
            if let bytes = key.bytesPerSecond { writer.number(bytes) } else { writer.null() }
        }
    }
}
