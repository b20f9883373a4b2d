import COpenSSL
import Glibc

/// Whom a client trusts and how it shows itself. Made once at start; any thread may make sessions of it.
package final class TLSClientContext: Sendable {
    private let context: TLSContext

    /// All are paths of PEM files. Without `authority` the system's authorities are trusted; `certificate` and `key`, given
    /// together, are shown to servers that ask.
    package init(authority: String? = nil, certificate: String? = nil, key: String? = nil) throws(TLSError) {
        precondition((certificate == nil) == (key == nil), "a certificate comes with its key")
        context = try TLSContext(TLS_client_method())
        if let authority {
            try context.trust(authority: authority)
        } else {
            try checkOpenSSL("load the system's authorities", SSL_CTX_set_default_verify_paths(context.pointer))
        }
        if let certificate, let key { try context.use(certificate: certificate, key: key) }
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
    }

    /// A session whose server has to prove that it is `host`, a name or an IP address without brackets. Its first output is
    /// ready to be taken.
    package func makeSession(
        host: String, protocols: [String] = ["h2", "http/1.1"]
    ) throws(TLSError) -> TLSSession {
        let ssl = try context.makeSSL()
        let session = try TLSSession(owning: ssl)
        let parameters = SSL_get0_param(ssl)
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        if Self.isNumeric(host) {
            try checkOpenSSL("expect a certificate for \(host)", X509_VERIFY_PARAM_set1_ip_asc(parameters, host))
        } else {
            // An empty name would switch the check off.
            guard !host.isEmpty else { throw .library(operation: "verify the server", reason: "no host name given") }
            try checkOpenSSL("expect a certificate for '\(host)'", SSL_set1_host(ssl, host))
            try checkOpenSSL("name the server '\(host)'", hms_ssl_set_server_name(ssl, host))
        }
        let offer = ApplicationProtocol.encode(protocols)
        // Unlike its neighbours, this one returns 0 for success.
        guard SSL_set_alpn_protos(ssl, offer, UInt32(offer.count)) == 0 else {
            throw .library(operation: "offer \(protocols)", reason: takeReason() ?? "out of memory")
        }
        try session.connect()
        return session
    }

    private static func isNumeric(_ host: String) -> Bool {
        var storage = in6_addr()
        return inet_pton(AF_INET, host, &storage) == 1 || inet_pton(AF_INET6, host, &storage) == 1
    }
}
