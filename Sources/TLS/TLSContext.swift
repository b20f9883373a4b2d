import COpenSSL

/// What both sides' contexts hold: an `SSL_CTX` that is set up once and only read afterwards.
final class TLSContext: @unchecked Sendable {
    // Sendable: nothing changes it after the owner's initialiser, and SSL_new, which counts references, is thread-safe.
    let pointer: OpaquePointer

    /// The first context initialises OpenSSL, which costs some hundred KB: none is made where TLS is not configured.
    init(_ method: OpaquePointer?) throws(TLSError) {
        guard let pointer = SSL_CTX_new(method) else {
            throw .library(operation: "make a TLS context", reason: takeReason() ?? "out of memory")
        }
        self.pointer = pointer
        try checkOpenSSL("ask for TLS 1.2 or later", hms_ssl_ctx_set_minimum_tls12(pointer))
        hms_ssl_ctx_set_defaults(pointer)
        // Without this an encrypted key would make OpenSSL ask at the terminal.
        SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in 0 }
    }

    deinit { SSL_CTX_free(pointer) }

    func use(certificate: String, key: String) throws(TLSError) {
        try loadFile(.certificate, certificate) { SSL_CTX_use_certificate_chain_file(pointer, $0) }
        // Fails, too, for a key that belongs to another certificate.
        try loadFile(.key, key) { SSL_CTX_use_PrivateKey_file(pointer, $0, SSL_FILETYPE_PEM) }
    }

    func trust(authority: String) throws(TLSError) {
        try loadFile(.authority, authority) { SSL_CTX_load_verify_file(pointer, $0) }
    }

    /// A new connection's state, which the caller owns.
    func makeSSL() throws(TLSError) -> OpaquePointer {
        guard let ssl = SSL_new(pointer) else {
            throw .library(operation: "make a TLS session", reason: takeReason() ?? "out of memory")
        }
        return ssl
    }
}
