/// What went wrong with a certificate file or with a peer.
package enum TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum FileRole: String, Sendable {
        case certificate
        case key
        case authority
    }

    /// A file that was named in the configuration cannot be used.
    case unusableFile(FileRole, path: String, reason: String)
    /// The two parties found no common ground, or the peer refused us: `reason` is OpenSSL's, an alert of the peer included.
    case handshake(reason: String)
    /// The peer's certificate is missing, or is not signed by the authority, expired, or for another host.
    case peerNotTrusted(reason: String)
    /// The peer broke the protocol, or told us so by an alert, after the handshake.
    case connection(reason: String)
    /// The transport ended without the peer's farewell: what came last may be cut.
    case truncated
    /// The session was closed by us, or had failed before.
    case closed
    /// The library refused our call.
    case library(operation: String, reason: String)

    package var description: String {
        switch self {
        case .unusableFile(.certificate, let path, let reason):
            "certificate '\(path)': \(reason); expected a PEM certificate, followed by its intermediates if any"
        case .unusableFile(.key, let path, let reason):
            "key '\(path)': \(reason); expected the certificate's private key in PEM, without a passphrase"
        case .unusableFile(.authority, let path, let reason):
            "authority '\(path)': \(reason); expected one or more PEM certificates"
        case .handshake(let reason): "TLS handshake failed: \(reason)"
        case .peerNotTrusted(let reason): "peer's certificate is refused: \(reason)"
        case .connection(let reason): "TLS connection failed: \(reason)"
        case .truncated: "peer ended the connection without closing TLS; data may be missing"
        case .closed: "TLS session is closed"
        case .library(let operation, let reason): "cannot \(operation): \(reason)"
        }
    }
}
