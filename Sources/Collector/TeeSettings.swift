import Configuration
import EventLoop
import HTTP
import OTLPDelivery
import TLS

/// Where a copy of everything stored goes; nowhere by default.
struct TeeSettings: Sendable {
    var backend: NetworkAddress?
    var dialect = CollectorDialect.http
    var encoding = BatchEncoding.gzip
    var usesTLS = false
    var authority: String?
    var headersFile: String?

    static let keys: [SettingKey<CollectorSettings>] = [
        SettingKey(
            "tee.otlp", \CollectorSettings.tee.backend, SettingType.peerAddress.orNone(writtenAs: "none"),
            why:
                "An OTLP backend that a copy of everything stored is sent to; it may be away as long as the store keeps it."
        ),
        SettingKey(
            "tee.protocol", \CollectorSettings.tee.dialect, .word,
            why: "How it is spoken to: otlp-http is HTTP/1.1, hms is another collector of this kind."),
        SettingKey(
            "tee.compression", \CollectorSettings.tee.encoding, .word,
            why: "How requests to it are packed; a backend that does not know it is sent plainer ones."),
        SettingKey("tee.tls", \CollectorSettings.tee.usesTLS, .boolean, why: "Speak TLS to it."),
        SettingKey(
            "tee.tls_authority", \CollectorSettings.tee.authority, SettingType.path.orNone(writtenAs: "none"),
            why: "PEM authorities that may sign its certificate; none means the system's."),
        SettingKey(
            "tee.headers_file", \CollectorSettings.tee.headersFile, SettingType.path.orNone(writtenAs: "none"),
            why:
                "File of lines 'name: value' that every request to it has as headers, such as its key. Read again on SIGHUP."
        ),
    ]

    func conflict(allowsOpenDoors: Bool) -> SettingConflict? {
        guard let backend else {
            let useless: [(String, Bool)] = [
                ("tee.tls", usesTLS), ("tee.tls_authority", authority != nil), ("tee.headers_file", headersFile != nil),
            ]
            return useless.first { $0.1 }.map { SettingConflict(key: $0.0, reason: "does nothing without 'tee.otlp'") }
        }
        if authority != nil, !usesTLS {
            return SettingConflict(key: "tee.tls_authority", reason: "does nothing without 'tee.tls = true'")
        }
        guard headersFile != nil, !usesTLS, !backend.isLoopback, !allowsOpenDoors else { return nil }
        return SettingConflict(
            key: "tee.headers_file",
            reason: "would send keys to another machine in clear text; set 'tee.tls = true', "
                + "or 'listen.open = true' if the network is trusted")
    }

    /// A client for the backend. Looks its name up, which may block.
    func makeClient(_ backend: NetworkAddress, security: TLSClientContext?, loop: EventLoop) throws -> any RequestSender
    {
        var options = HTTPClientOptions()
        options.failsWhenConnectFails = true
        options.maxResponseBytes = 1 << 20
        let endpoint: HTTPEndpoint
        switch backend.host {
        case .name(let name): endpoint = try HTTPEndpoint(host: name, port: backend.port ?? 0, tls: security)
        default: endpoint = HTTPEndpoint(address: try SocketAddress(parsing: backend.description), tls: security)
        }
        return dialect == .http
            ? HTTP1Client(loop: loop, endpoint: endpoint, options: options)
            : HTTPClient(loop: loop, endpoint: endpoint, options: options)
    }
}
