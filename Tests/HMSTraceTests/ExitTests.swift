import Glibc
import HMSTrace
import Testing

@Suite struct ExitTests {
    @Test("What has ended when the process exits is still sent, to the address in the environment")
    func flushAtExit() async throws {
        let sidecar = try SidecarSocket()
        // The child process inherits it; nothing else in these tests reads it.
        setenv("HMS_TRACE_SIDECAR", sidecar.address, 1)
        await #expect(processExitsWith: .exitCode(3)) {
            HMSTrace.bootstrap(service: "short-lived")
            withSpan("last words") { _ in }
            exit(3)
        }
        let spans = try sidecar.receiveAll().flatMap(\.request.spans)
        #expect(spans.map(\.name) == ["last words"])
    }

    @Test("A process whose sidecar is away exits in time and with its own status")
    func exitWithoutSidecar() async throws {
        await #expect(processExitsWith: .exitCode(4)) {
            HMSTrace.bootstrap(service: "lonely", sidecar: "127.0.0.1:9")
            for _ in 0..<1_000 { withSpan("x") { _ in } }
            exit(4)
        }
    }
}
