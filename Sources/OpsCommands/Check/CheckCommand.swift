import EventLoop
import Glibc
import HTTP
import TraceModel

/// `hms-ops check`: is everything configured, running, and do spans get through?
enum CheckCommand {
    static let command = Command(
        CommandSpec(
            "check", "check configuration files, and that a span gets from the sidecar to the collector",
            options: [
                .value("sidecar-config", "FILE", "check this configuration of a sidecar", candidates: .files),
                .value("collector-config", "FILE", "check this configuration of a collector", candidates: .files),
                .flag("config-only", "do not look at running programs"),
                .value("sidecar", "ADDRESS", "the sidecar's OTLP address", standard: "127.0.0.1:4317"),
                .value("sidecar-admin", "ADDRESS", "its health and metrics", standard: "127.0.0.1:9100"),
            ] + CollectorAPI.options,
            examples: [
                ("hms-ops check", "is the system on this machine well?"),
                ("hms-ops check --config-only --sidecar-config sidecar.conf", "before a restart"),
            ]), run: run)

    /// How long the test span may take to be readable.
    private static let patience = Duration.seconds(10)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        var steps: [CheckStep] = []
        func report(_ step: CheckStep) {
            steps.append(step)
            terminal.write(step.text(style: terminal.output))
        }
        for (option, program) in [("sidecar-config", "hms-sidecar"), ("collector-config", "hms-collector")] {
            if let file = arguments.value(option) { report(try configuration(file, of: program)) }
        }
        if !arguments.has("config-only") {
            let collector = try CollectorAPI(arguments)
            let sidecar = try address("sidecar", in: arguments)
            let admin = try address("sidecar-admin", in: arguments)
            report(
                readiness(
                    "collector is ready at \(collector.address)", endpoint: collector.endpoint,
                    headers: collector.headers,
                    remedy: "start it (hms-ops up), or name its console's address: --collector ADDRESS"))
            report(
                readiness(
                    "sidecar is ready at \(admin)", endpoint: HTTPEndpoint(address: admin), headers: collector.headers,
                    remedy: "start it (hms-ops up), or name its admin address: --sidecar-admin ADDRESS"))
            if steps.suffix(2).allSatisfy(\.isPassed) { report(passage(from: sidecar, to: collector)) }
        }
        let failures = steps.count { !$0.isPassed }
        if steps.isEmpty { terminal.write("nothing to check: name a configuration file, or leave out --config-only\n") }
        return failures == 0 && !steps.isEmpty ? .success : .negative
    }

    /// The program itself knows best what it understands.
    private static func configuration(_ file: String, of program: String) throws(OpsError) -> CheckStep {
        let run = try CapturedRun(OwnDirectory.path() + "/" + program, ["--config", file, "--check"])
        return CheckStep(
            "\(file) is a configuration of \(program)",
            run.exitCode == 0
                ? .passed
                : .failed(
                    reason: run.output, remedy: "mend these lines; \(program) --help tells where settings come from"))
    }

    private static func readiness(
        _ what: String, endpoint: HTTPEndpoint, headers: HTTPHeaders, remedy: String
    ) -> CheckStep {
        do {
            let answer = try fetch(
                HTTPClientRequest(method: "GET", path: "/readyz", headers: headers), from: endpoint,
                deadline: .seconds(5))
            let body = String(decoding: answer.body.prefix(500), as: UTF8.self)
            return CheckStep(
                what,
                answer.status == 200
                    ? .passed
                    : .failed(reason: "HTTP \(answer.status): \(body)", remedy: "its log says what it waits for"))
        } catch {
            return CheckStep(what, .failed(reason: error.description, remedy: remedy))
        }
    }

    /// Sends one span and reads it back.
    private static func passage(from sidecar: SocketAddress, to collector: CollectorAPI) -> CheckStep {
        let what = "a span sent to the sidecar at \(sidecar) can be read from the collector"
        let ids = LoadIDs(seed: UInt64.random(in: .min ... .max))
        var template = RequestTemplate(spans: 1, spansPerTrace: 1)
        let body = template.request(0, ids: ids, time: wallClockNanoseconds())
        var headers = collector.headers
        headers.add("content-type", "application/x-protobuf")
        do {
            let answer = try fetch(
                HTTPClientRequest(method: "POST", path: "/v1/traces", headers: headers, body: body),
                from: HTTPEndpoint(address: sidecar), deadline: .seconds(5))
            guard answer.status == 200 else {
                return CheckStep(
                    what,
                    .failed(
                        reason: "the sidecar answered HTTP \(answer.status)",
                        remedy: "503 means that it cannot forward: see forward.collectors and its log"))
            }
        } catch {
            return CheckStep(
                what,
                .failed(reason: error.description, remedy: "name the sidecar's OTLP address: --sidecar ADDRESS"))
        }
        let deadline = MonotonicTime.now() + patience
        var pause: UInt32 = 20_000
        repeat {
            do {
                if try collector.spans(of: ids.trace(0)) != nil { return CheckStep(what, .passed) }
            } catch {
                return CheckStep(what, .failed(reason: error.description, remedy: error.hint ?? "see its log"))
            }
            usleep(pause)
            pause = min(500_000, pause * 2)
        } while MonotonicTime.now() < deadline
        return CheckStep(
            what,
            .failed(
                reason:
                    "the sidecar accepted it, but the collector does not have it after \(patience.components.seconds) s",
                remedy:
                    "does forward.collectors of the sidecar name this collector? The sidecar's /metrics tells why not"))
    }

    private static func address(_ option: String, in arguments: ParsedArguments) throws(OpsError) -> SocketAddress {
        let text = arguments.value(option) ?? ""
        do {
            return try SocketAddress(parsing: text)
        } catch {
            throw .usage(
                .invalidValue(option: "--" + option, value: text, expected: "an address such as 127.0.0.1:4317"))
        }
    }
}
