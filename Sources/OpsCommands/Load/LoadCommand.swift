import EventLoop
import HTTP

/// `hms-ops load`: sends spans and tells how many were acknowledged, how fast.
enum LoadCommand {
    static let command = Command(
        CommandSpec(
            "load", "send made-up spans and report how many were acknowledged, the rate and the latencies",
            options: [
                .value(
                    "mode", "MODE", "how to send", standard: "grpc",
                    candidates: .words(LoadMode.allCases.map(\.rawValue))),
                .value("target", "ADDRESS", "a sidecar or collector", standard: "127.0.0.1:4317"),
                .value("batch", "N", "spans in a request [100; 2 in a datagram]"),
                .value("spans", "N", "how many to send [100000 where --seconds is not given]"),
                .value("seconds", "N", "how long to send"),
                .value("connections", "N", "connections at a time", standard: "1"),
                .value("streams", "N", "requests in flight on each connection; 1 in mode http1", standard: "8"),
                .value("rate", "N", "spans a second; 0 is as fast as they are acknowledged", standard: "0"),
                .value("trace-spans", "N", "spans of a trace [8]; more than --batch as a multiple of it"),
                .value("seed", "N", "makes the ids of a run repeatable"),
                .value(
                    "ids", "FILE", "write the acknowledged traces there, a line each: id, number of spans",
                    candidates: .files),
                CollectorAPI.keyOption,
                .flag("json", "print one JSON line"),
            ],
            examples: [
                (
                    "hms-ops load --spans 1000000 --connections 4",
                    "a million spans over gRPC, as fast as they are taken"
                ),
                ("hms-ops load --mode udp --rate 20000 --seconds 10", "datagrams at a steady rate"),
            ]), run: run)

    /// A request that is not answered within this counts as failed.
    private static let deadline = Duration.seconds(15)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let plan: LoadPlan
        do {
            plan = try LoadPlan(arguments)
        } catch {
            throw .usage(error)
        }
        let (report, acked) = try send(plan, headers: try CollectorAPI.keyHeaders(arguments))
        if let file = plan.idsFile {
            let template = RequestTemplate(spans: plan.batch, spansPerTrace: plan.spansPerTrace, requests: 1)
            try AckedIDsFile.write(acked, template: template, ids: LoadIDs(seed: plan.seed), to: file)
        }
        terminal.write(arguments.has("json") ? report.json() + "\n" : report.table(style: terminal.output))
        return report.exitCode
    }

    private static func send(_ plan: LoadPlan, headers: HTTPHeaders) throws(OpsError) -> (LoadReport, AckedRequests) {
        if plan.mode == .udp {
            var load = try DatagramLoad(plan: plan)
            try load.run()
            return (load.report, load.acked)
        }
        let loop: EventLoop
        do {
            loop = try EventLoop()
        } catch {
            throw .cannotConnect(plan.target, error)
        }
        let load = RequestLoad(plan: plan, loop: loop) { loop in
            switch plan.mode {
            case .http1: HTTP1Transport(to: plan.target, headers: headers, on: loop, deadline: deadline)
            case .grpc, .http2, .udp:
                HTTP2Transport(to: plan.target, mode: plan.mode, headers: headers, on: loop, deadline: deadline)
            }
        }
        load.run()
        return (load.report, load.acked)
    }
}
