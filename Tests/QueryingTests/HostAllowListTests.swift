import Querying
import Testing

@Suite("Only names of this machine are served")
struct HostAllowListTests {
    @Test(
        "Loopback names and addresses are allowed, with and without port",
        arguments: [
            "localhost", "LOCALHOST:9090", "127.0.0.1", "127.0.0.1:9090", "127.8.9.1", "[::1]", "[::1]:9090", "::1",
            "localhost.", "hms.localhost:80",
        ])
    func allowed(authority: String) {
        #expect(HostAllowList().allows(authority))
    }

    @Test(
        "Everything else is refused",
        arguments: [
            "", "evil.example", "evil.example:9090", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.256",
            "127.1", "10.0.0.1", "notlocalhost", "[::1].evil.example", "[::1]evil:80", "localhost:evil",
            "localhost:123456",
            "[::2]", "0.0.0.0", "127.0.0.1:80:80", "localhost:80@evil.example",
        ])
    func refused(authority: String) {
        #expect(!HostAllowList().allows(authority))
    }

    @Test("Configured names are allowed, whatever their case")
    func configured() {
        let list = HostAllowList(configured: ["Traces.example.org", "[fd00::7]"])
        #expect(list.allows("traces.EXAMPLE.org:9090"))
        #expect(list.allows("[fd00::7]:9090"))
        #expect(!list.allows("example.org"))
    }
}
