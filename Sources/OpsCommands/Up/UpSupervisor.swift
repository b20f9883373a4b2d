import EventLoop
import Glibc

/// Starts the programs of a plan one after the other, watches over them and stops them in the reverse order.
/// Lives on the main thread.
final class UpSupervisor {
    private let plan: UpPlan
    private let data: DataDirectory
    private let terminal: Terminal
    private let directory: String
    private let signals = SignalWait([SIGINT, SIGTERM, SIGHUP, SIGCHLD])
    private var children: [ChildProcess] = []

    /// How long a program gets between SIGTERM and SIGKILL: its own `shutdown.grace` and a little.
    private static let grace = Duration.seconds(12)

    init(plan: UpPlan, data: DataDirectory, terminal: Terminal) throws(OpsError) {
        self.plan = plan
        self.data = data
        self.terminal = terminal
        directory = OwnDirectory.path()
        let programs = ["hms-collector", "hms-sidecar"] + (plan.demoPort == nil ? [] : ["hms-demo"])
        for name in programs where access(directory + "/" + name, X_OK) != 0 {
            throw .programMissing(name, directory: directory)
        }
        for wanted in plan.wanted {
            do {
                close(
                    try wanted.isDatagram ? Socket.bindDatagram(wanted.address) : Socket.listen(wanted.address))
            } catch  where error.code == EADDRINUSE {
                throw .addressInUse(wanted.address, purpose: wanted.purpose, option: wanted.option)
            } catch {
                throw .cannotListen(wanted.address, purpose: wanted.purpose, error)
            }
        }
    }

    /// Returns when a signal asked it to stop; throws when a program failed. Either way nothing is left running.
    func run() throws(OpsError) -> ExitCode {
        do {
            guard try startAll() else { return stopAll() }
            while true {
                try throwIfEnded()
                if let signal = signals.next(within: .seconds(3600)), signal != SIGCHLD { return stopAll() }
            }
        } catch {
            _ = stopAll()
            throw error
        }
    }

    /// False when a signal asked to stop meanwhile.
    private func startAll() throws(OpsError) -> Bool {
        for name in ["collector", "spool", "logs"] { try data.make(name) }

        guard let collector = try start(plan.collector(data: data.path)) else { return false }
        let ingest = logged("otlp", by: collector).first ?? plan.collectorOTLP.description
        guard let sidecar = try start(plan.sidecar(data: data.path, collector: ingest)) else { return false }
        let otlp = logged("otlp", by: sidecar)
        let udp = logged("udp", by: sidecar).first ?? plan.sidecarUDP.description
        for program in plan.demo(sidecar: udp) {
            guard try start(program) != nil else { return false }
        }
        terminal.write(
            UpSummary(
                console: logged("console", by: collector).first ?? plan.console.description,
                otlp: otlp.isEmpty ? plan.sidecarOTLP.map(\.description) : otlp,
                udp: udp,
                admin: logged("admin", by: sidecar).first ?? plan.sidecarAdmin.description,
                demo: plan.demoPort.map { "127.0.0.1:\($0)" }, data: data.path
            ).text(style: terminal.output))
        return true
    }

    /// Starts a program and waits until it is ready; nil when a signal asked to stop meanwhile.
    private func start(_ program: UpProgram) throws(OpsError) -> ChildProcess? {
        terminal.remark(terminal.remarks.dim("starting \(program.name)\n"))
        let child = try ChildProcess(program, executable: directory + "/" + program.executable, in: data)
        children.append(child)
        let deadline = MonotonicTime.now() + plan.patience
        while !isReady(child, program.readiness) {
            try throwIfEnded()
            guard MonotonicTime.now() < deadline else {
                throw .notReady(
                    program: program.name, after: plan.patience, log: child.logPath,
                    tail: ListeningLog.tail(of: child.log))
            }
            if let signal = signals.next(within: .milliseconds(20)), signal != SIGCHLD { return nil }
        }
        return child
    }

    private func isReady(_ child: ChildProcess, _ readiness: UpProgram.Readiness) -> Bool {
        switch readiness {
        case .started: true
        case .answers(let address, let path): HealthProbe.isHealthy(address, path: path)
        case .logged(let what, let path):
            logged(what, by: child).first.map { HealthProbe.isHealthy($0, path: path) } ?? false
        }
    }

    private func logged(_ what: String, by child: ChildProcess) -> [String] {
        ListeningLog.addresses(of: what, in: child.log)
    }

    private func throwIfEnded() throws(OpsError) {
        for child in children where child.hasEnded() {
            throw .ended(
                program: child.name, status: child.status ?? 0, log: child.logPath,
                tail: ListeningLog.tail(of: child.log))
        }
    }

    /// Stops the last started first, so that each program can still deliver to the one it sends to. A second signal
    /// cuts the grace short.
    private func stopAll() -> ExitCode {
        if !children.isEmpty { terminal.remark(terminal.remarks.dim("stopping\n")) }
        var code = ExitCode.success
        for child in children.reversed() {
            child.signal(SIGTERM)
            let deadline = MonotonicTime.now() + Self.grace
            while !child.hasEnded(), MonotonicTime.now() < deadline {
                if let signal = signals.next(within: .milliseconds(100)), signal != SIGCHLD { break }
            }
            guard !child.hasEnded() else { continue }
            terminal.remark("\(child.name) did not stop in time and was killed; its log: \(child.logPath)\n")
            child.signal(SIGKILL)
            while !child.hasEnded() { _ = signals.next(within: .milliseconds(100)) }
            code = .failure
        }
        children = []
        return code
    }
}
