import Glibc

/// `hms-ops ledger`: is everything that came accounted for?
enum LedgerCommand {
    static let command = Command(
        CommandSpec(
            "ledger",
            "show what sidecars and collectors received, passed on, stored and refused, and whether it adds up",
            options: ProgramAddresses.options + [
                .flag("json", "print everything as JSON instead"),
                .flag("watch", "look again every two seconds, until Ctrl-C"),
            ] + CollectorAPI.securityOptions,
            examples: [
                ("hms-ops ledger", "the sidecar and the collector on this machine; exits 0 when the difference is 0"),
                ("hms-ops ledger --sidecar 10.0.0.5:9100 --sidecar 10.0.0.6:9100 --collector 10.0.0.9:9090", "a fleet"),
                ("hms-ops ledger --json | jq .difference", "one number for a script"),
            ]), run: run)

    private static let pause: UInt32 = 2

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let addresses = try ProgramAddresses(arguments)
        while true {
            let report = look(addresses)
            let text = arguments.has("json") ? report.json() : report.text(style: terminal.output)
            // On a terminal the next look takes the place of the last.
            let clear = arguments.has("watch") && terminal.output.isColoured ? "\u{1B}[H\u{1B}[2J" : ""
            terminal.write(clear + text)
            guard arguments.has("watch") else { return report.exitCode }
            sleep(pause)
        }
    }

    private static func look(_ addresses: ProgramAddresses) -> LedgerReport {
        var unreachable: [UnreachableProgram] = []
        let before = ask(addresses.collectors, .collector, "/api/v1/ledger", &unreachable)
        let sidecars = ask(addresses.sidecars, .sidecar, "/ledger", &unreachable)
        let reached = addresses.collectors.filter { program in before.contains { $0.address == program.address } }
        let after = ask(reached, .collector, "/api/v1/ledger", &unreachable)
        return LedgerReport(
            sidecars: sidecars, collectorsBefore: before, collectors: after, unreachable: unreachable)
    }

    private static func ask(
        _ programs: [CollectorAPI], _ kind: ProgramLedger.Kind, _ path: String,
        _ unreachable: inout [UnreachableProgram]
    ) -> [ProgramLedger] {
        var ledgers: [ProgramLedger] = []
        for program in programs {
            do throws(OpsError) {
                if let json = try program.json(at: path),
                    let ledger = ProgramLedger(json, kind: kind, address: program.address)
                {
                    ledgers.append(ledger)
                } else {
                    unreachable.append(UnreachableProgram(kind.rawValue, program, missing: path))
                }
            } catch {
                unreachable.append(UnreachableProgram(kind.rawValue, program, error))
            }
        }
        return ledgers
    }
}
