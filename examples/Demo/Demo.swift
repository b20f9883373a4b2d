import EventLoop
import Glibc
import HMSTrace
import TraceModel

/// Reads the arguments and runs one service, or the traffic. Returns the exit status.
func runDemo(_ arguments: [String]) -> Int32 {
    let demo: DemoArguments
    do throws(DemoArgumentError) {
        demo = try DemoArguments(arguments)
    } catch {
        say("hms-demo: \(error)")
        return 2
    }
    // Before any thread begins, so that all inherit it: signals are waited for, not handled.
    let signals = StopSignals()
    switch demo.role {
    case .help:
        print(DemoArguments.usage)
        return 0
    case .version:
        print("hms-demo \(HMSTrace.version)")
        return 0
    case .traffic(let target):
        return Traffic(target: target, requestsPerSecond: demo.rate).run(until: signals)
    case .service(let name):
        let propagator = demo.propagatesOursOnly ? Propagator(writes: [.hms]) : Propagator()
        HMSTrace.bootstrap(
            service: name, sidecar: demo.sidecar ?? HMSTrace.defaultSidecar,
            resourceAttributes: ["service.namespace": "claims-demo", "service.version": .string(HMSTrace.version)],
            propagator: propagator)
        do throws(SystemError) {
            let server = try DemoServer(service: demoService(name), listen: demo.listen, next: demo.next)
            say("\(name) listens on \(server.address)")
            try server.run(until: signals)
        } catch {
            say("hms-demo \(name): \(error)")
            return 1
        }
        HMSTrace.shutdown()
        return 0
    }
}

/// Writes one line to standard error.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}

/// SIGTERM and SIGINT, blocked for the whole process and waited for where it suits. SIGPIPE is ignored.
struct StopSignals: Sendable {
    private let set: sigset_t

    init() {
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        self.set = set
    }

    /// Waits for a signal; false when none came within `seconds`.
    func wait(seconds: Double) -> Bool {
        var set = set
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        return sigtimedwait(&set, nil, &time) > 0
    }
}
