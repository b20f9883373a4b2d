import EventLoop
import Glibc

/// `hms-ops up`: collector and sidecar in one command.
enum UpCommand {
    static let command = Command(
        CommandSpec(
            "up", "start collector and sidecar, wait until they are healthy, stop both at Ctrl-C",
            options: [
                .flag("demo", "start three small services with light traffic as well"),
                .value(
                    "data", "DIR", "where data and logs are kept (else under $XDG_STATE_HOME or ~/.local/state)",
                    candidates: .directories),
                .value("collector-console", "ADDRESS", "console and API", standard: "127.0.0.1:9090"),
                .value("collector-otlp", "ADDRESS", "where the sidecar sends to", standard: "127.0.0.1:14317"),
                .value(
                    "sidecar-otlp", "ADDRESS", "OTLP by gRPC and HTTP [127.0.0.1:4317 and 127.0.0.1:4318]",
                    repeats: true),
                .value("sidecar-udp", "ADDRESS", "span datagrams", standard: "127.0.0.1:4317"),
                .value("sidecar-statsd", "ADDRESS", "StatsD lines", standard: "127.0.0.1:8125"),
                .value("sidecar-push", "ADDRESS", "metrics pushed as JSON", standard: "127.0.0.1:8009"),
                .value("sidecar-admin", "ADDRESS", "the sidecar's health and metrics", standard: "127.0.0.1:9100"),
                .value("collector-set", "KEY=VALUE", "a further setting of the collector", repeats: true),
                .value("sidecar-set", "KEY=VALUE", "a further setting of the sidecar", repeats: true),
                .value("demo-port", "PORT", "first of the demo's three ports", standard: "18080"),
                .value("wait", "SECONDS", "how long a program may take to be ready", standard: "20"),
            ],
            examples: [
                ("hms-ops up --demo", "a living system to look at: open the console it prints"),
                ("hms-ops up --data /tmp/hms", "keep data apart from what other runs have stored"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let plan: UpPlan
        do {
            plan = try UpPlan(arguments)
        } catch {
            throw .usage(error)
        }
        let supervisor = try UpSupervisor(
            plan: plan, data: try DataDirectory(named: arguments.value("data")), terminal: terminal)
        return try supervisor.run()
    }
}
