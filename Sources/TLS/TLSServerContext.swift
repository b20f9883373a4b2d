import COpenSSL

/// A server's certificate and whom it lets in. Made once at start; any thread may make sessions of it.
package final class TLSServerContext: Sendable {
    private let context: TLSContext

    /// All three are paths of PEM files. With `clientAuthority`, clients without a certificate signed by it are refused.
    package init(certificate: String, key: String, clientAuthority: String? = nil) throws(TLSError) {
        context = try TLSContext(TLS_server_method())
        try context.use(certificate: certificate, key: key)
        if let clientAuthority {
            try context.trust(authority: clientAuthority)
            SSL_CTX_set_client_CA_list(context.pointer, SSL_load_client_CA_file(clientAuthority))
            SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
        SSL_CTX_set_alpn_select_cb(
            context.pointer,
            { _, selected, selectedLength, offered, offeredLength, _ in
                // OpenSSL gives all four, and copies what is selected before `offered` goes away.
                let offer = UnsafeBufferPointer(start: offered!, count: Int(offeredLength))
                guard let choice = ApplicationProtocol.select(from: offer) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                selected!.pointee = offered! + choice.lowerBound
                selectedLength!.pointee = UInt8(choice.count)
                return SSL_TLSEXT_ERR_OK
            }, nil)
    }

    package func makeSession() throws(TLSError) -> TLSSession {
        let session = try TLSSession(owning: context.makeSSL())
        session.accept()
        return session
    }
}
