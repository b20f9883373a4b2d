import Configuration
import Testing

@testable import Collector

@Suite struct TeeSettingsTests {
    private func read(_ overrides: [String]) throws(ConfigurationError) -> TeeSettings {
        try CollectorSettings.schema.read(overrides: overrides).configuration.tee
    }

    @Test("Without an address nothing is copied anywhere")
    func off() throws {
        #expect(try read([]).backend == nil)
        #expect(try read(["tee.otlp=none"]).backend == nil)
        #expect(try read(["tee.otlp=backend.example:4318"]).backend?.description == "backend.example:4318")
    }

    @Test(
        "Settings that do nothing, or would give keys away, are refused with the way out",
        arguments: [
            (["tee.tls=true"], "which does nothing without 'tee.otlp'"),
            (["tee.headers_file=/h"], "which does nothing without 'tee.otlp'"),
            (["tee.otlp=127.0.0.1:4318", "tee.tls_authority=/a"], "which does nothing without 'tee.tls = true'"),
            (
                ["tee.otlp=192.0.2.1:4318", "tee.headers_file=/h"],
                "which would send keys to another machine in clear text; set 'tee.tls = true', "
                    + "or 'listen.open = true' if the network is trusted"
            ),
        ])
    func conflicts(overrides: [String], words: String) {
        let error = #expect(throws: ConfigurationError.self) { try read(overrides) }
        #expect(error?.description.hasSuffix(words) == true, "\(error?.description ?? "")")
    }

    @Test("Keys may be sent over TLS, to this machine, or where the network is trusted")
    func permitted() throws {
        #expect(try read(["tee.otlp=192.0.2.1:4318", "tee.headers_file=/h", "tee.tls=true"]).usesTLS)
        #expect(try read(["tee.otlp=127.0.0.1:4318", "tee.headers_file=/h"]).headersFile == "/h")
        #expect(throws: Never.self) {
            try read(["tee.otlp=192.0.2.1:4318", "tee.headers_file=/h", "listen.open=true"])
        }
    }
}
