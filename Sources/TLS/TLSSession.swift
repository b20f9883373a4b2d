import COpenSSL

/// One TLS connection without a socket: ciphertext goes in and out as bytes. Belongs to one connection on one thread.
///
/// After every call, one that threw included, take the output and send it: it holds handshake messages, alerts and the farewell.
package final class TLSSession {
    /// Bytes handed to OpenSSL at once, so that its buffers stay small whatever the caller read or sends.
    private static let step = 32 << 10
    /// The most plaintext one record holds (RFC 8446, 5.1).
    private static let recordLength = 16 << 10

    private enum State { case open, closed, failed }

    private let ssl: OpaquePointer
    /// Both belong to `ssl`.
    private let input: OpaquePointer
    private let output: OpaquePointer
    private var state = State.open
    /// The peer has said that nothing more will come.
    package private(set) var isPeerClosed = false

    /// Takes over `ssl`.
    init(owning ssl: OpaquePointer) throws(TLSError) {
        guard let input = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw .library(operation: "make a TLS session", reason: "out of memory")
        }
        guard let output = BIO_new(BIO_s_mem()) else {
            BIO_free(input)
            SSL_free(ssl)
            throw .library(operation: "make a TLS session", reason: "out of memory")
        }
        self.ssl = ssl
        self.input = input
        self.output = output
        SSL_set_bio(ssl, input, output)
    }

    deinit { SSL_free(ssl) }

    func accept() { SSL_set_accept_state(ssl) }

    func connect() throws(TLSError) {
        SSL_set_connect_state(ssl)
        try advanceHandshake()
    }

    package var isHandshakeComplete: Bool { SSL_is_init_finished(ssl) == 1 }

    /// What ALPN agreed on; nil before that, or when the peer does not speak ALPN.
    package var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        guard let name, length > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// "TLSv1.3" or "TLSv1.2".
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// Appends to `plaintext` what `ciphertext` completes: never more bytes than came in by now. What was appended before an
    /// error is genuine.
    package func receive(_ ciphertext: Span<UInt8>, plaintext: inout [UInt8]) throws(TLSError) {
        guard state != .failed else { throw .closed }
        var rest = ciphertext
        while !rest.isEmpty {
            let piece = rest.extracting(first: Self.step)
            rest = rest.extracting(droppingFirst: piece.count)
            var taken = 0
            let result = piece.withUnsafeBufferPointer { BIO_write_ex(input, $0.baseAddress, $0.count, &taken) }
            guard result == 1, taken == piece.count else {
                throw fail(.library(operation: "take \(piece.count) bytes", reason: takeReason() ?? "out of memory"))
            }
            if !isHandshakeComplete { try advanceHandshake() }
            if isHandshakeComplete { try readRecords(into: &plaintext) }
        }
    }

    /// To be called when the transport has ended: throws `.truncated` unless the peer said its farewell first.
    package func transportEnded() throws(TLSError) {
        guard state != .failed else { throw .closed }
        guard isPeerClosed else { throw fail(.truncated) }
    }

    /// Encrypts `plaintext`; the handshake must be complete. For much data, `send(_:into:)` needs less memory.
    package func send(_ plaintext: Span<UInt8>) throws(TLSError) {
        guard state == .open else { throw .closed }
        precondition(isHandshakeComplete, "sent before the TLS handshake was complete")
        guard !plaintext.isEmpty else { return }
        ERR_clear_error()
        var written = 0
        let result = plaintext.withUnsafeBufferPointer { SSL_write_ex(ssl, $0.baseAddress, $0.count, &written) }
        // The output grows as needed and renegotiation is off, so there is nothing to wait for: not 1 is final.
        guard result == 1 else { throw fail(.connection(reason: takeReason() ?? "write refused")) }
    }

    /// Encrypts `plaintext` and appends all output, piece by piece.
    package func send(_ plaintext: Span<UInt8>, into ciphertext: inout [UInt8]) throws(TLSError) {
        var rest = plaintext
        while !rest.isEmpty {
            let piece = rest.extracting(first: Self.step)
            rest = rest.extracting(droppingFirst: piece.count)
            try send(piece)
            takeOutput(into: &ciphertext)
        }
    }

    /// Appends what is to be sent to the peer now.
    package func takeOutput(into ciphertext: inout [UInt8]) {
        let pending = BIO_ctrl_pending(output)
        guard pending > 0 else { return }
        ciphertext.append(addingCapacity: pending) { room in
            room.withUnsafeMutableBufferPointer { buffer, count in
                // A memory BIO gives all that it says is pending.
                _ = BIO_read_ex(output, buffer.baseAddress, pending, &count)
            }
        }
    }

    package var hasOutput: Bool { BIO_ctrl_pending(output) > 0 }

    /// Puts our farewell into the output. Nothing can be sent afterwards; the peer's last bytes can still be received.
    package func close() {
        guard state == .open else { return }
        state = .closed
        // During a handshake there is nobody to say farewell to, and OpenSSL treats it as an error.
        guard isHandshakeComplete else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
    }

    // MARK: steps

    private func advanceHandshake() throws(TLSError) {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result != 1, SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ else { return }
        throw fail(reasonOfFailure { .handshake(reason: $0) })
    }

    private func readRecords(into plaintext: inout [UInt8]) throws(TLSError) {
        while true {
            var result: Int32 = 0
            ERR_clear_error()
            plaintext.append(addingCapacity: Self.recordLength) { room in
                room.withUnsafeMutableBufferPointer { buffer, count in
                    result = SSL_read_ex(ssl, buffer.baseAddress, Self.recordLength, &count)
                }
            }
            if result == 1 { continue }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: return
            case SSL_ERROR_ZERO_RETURN:
                isPeerClosed = true
                return
            default: throw fail(reasonOfFailure { .connection(reason: $0) })
            }
        }
    }

    private func reasonOfFailure(_ other: (String) -> TLSError) -> TLSError {
        let reason = takeReason() ?? "peer ended the connection"
        let verification = SSL_get_verify_result(ssl)
        if verification != X509_V_OK {
            return .peerNotTrusted(reason: String(cString: X509_verify_cert_error_string(verification)))
        }
        return other(reason)
    }

    private func fail(_ error: TLSError) -> TLSError {
        state = .failed
        return error
    }
}
