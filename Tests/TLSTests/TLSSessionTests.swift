import TLS
import Testing

/// Both ends of one connection, with nothing between them.
final class Pair {
    let client: TLSSession
    let server: TLSSession
    var clientReceived: [UInt8] = []
    var serverReceived: [UInt8] = []
    var clientError: TLSError?
    var serverError: TLSError?

    init(_ client: TLSSession, _ server: TLSSession) {
        self.client = client
        self.server = server
    }

    /// Carries bytes both ways until neither side has any.
    func exchange() {
        while client.hasOutput || server.hasOutput {
            carry(from: client, to: server, &serverReceived, &serverError)
            carry(from: server, to: client, &clientReceived, &clientError)
        }
    }

    private func carry(from: TLSSession, to: TLSSession, _ received: inout [UInt8], _ error: inout TLSError?) {
        var bytes: [UInt8] = []
        from.takeOutput(into: &bytes)
        guard error == nil else { return }
        do { try to.receive(bytes.span, plaintext: &received) } catch let thrown { error = thrown }
    }
}

@Suite("TLS sessions")
struct TLSSessionTests {
    var files: Certificates { Certificates.shared }

    func server(clientAuthority: String? = nil) throws -> TLSServerContext {
        try TLSServerContext(
            certificate: files.path("server.pem"), key: files.path("server.key"),
            clientAuthority: clientAuthority.map { files.path($0) })
    }

    func client(authority: String = "ca.pem", identity: String? = nil) throws -> TLSClientContext {
        try TLSClientContext(
            authority: files.path(authority), certificate: identity.map { files.path($0 + ".pem") },
            key: identity.map { files.path($0 + ".key") })
    }

    func pair(
        host: String = "localhost", protocols: [String] = ["h2", "http/1.1"], authority: String = "ca.pem",
        clientAuthority: String? = nil, identity: String? = nil
    ) throws -> Pair {
        let pair = Pair(
            try client(authority: authority, identity: identity).makeSession(host: host, protocols: protocols),
            try server(clientAuthority: clientAuthority).makeSession())
        pair.exchange()
        return pair
    }

    @Test("The handshake ends with TLS 1.3 and h2")
    func handshake() throws {
        let pair = try pair()
        for session in [pair.client, pair.server] {
            #expect(session.isHandshakeComplete)
            #expect(session.negotiatedProtocol == "h2")
            #expect(session.version == "TLSv1.3")
        }
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test(
        "The server prefers h2, takes http/1.1, and does without ALPN",
        arguments: [
            (["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"), (["spdy/1", "http/1.1"], "http/1.1"), ([], nil),
        ] as [([String], String?)])
    func alpn(offered: [String], chosen: String?) throws {
        let pair = try pair(protocols: offered)
        #expect(pair.client.isHandshakeComplete)
        #expect(pair.client.negotiatedProtocol == chosen)
        #expect(pair.server.negotiatedProtocol == chosen)
    }

    @Test("A client that offers only unknown protocols is refused")
    func alpnMismatch() throws {
        let pair = try pair(protocols: ["spdy/1"])
        #expect(pair.serverError == .handshake(reason: "no application protocol"))
        #expect(pair.clientError == .handshake(reason: "tlsv1 alert no application protocol"))
    }

    @Test(
        "Data goes both ways, whatever its length and however the ciphertext is cut",
        arguments: [1, 16_384, 16_385, 1_000_000])
    func data(length: Int) throws {
        let pair = try pair()
        let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try pair.client.send(body.span)
        pair.exchange()
        #expect(pair.serverReceived == body)

        var ciphertext: [UInt8] = []
        try pair.server.send(body.span, into: &ciphertext)
        #expect(!pair.server.hasOutput)
        #expect(ciphertext.count > length)
        var position = 0
        while position < ciphertext.count {
            let piece = ciphertext.span.extracting(position..<min(position + 1789, ciphertext.count))
            try pair.client.receive(piece, plaintext: &pair.clientReceived)
            position += piece.count
        }
        #expect(pair.clientReceived == body)
    }

    @Test("Received bytes go behind what the caller holds")
    func appends() throws {
        let pair = try pair()
        pair.serverReceived = [9]
        try pair.client.send([1, 2].span)
        pair.exchange()
        #expect(pair.serverReceived == [9, 1, 2])
    }

    @Test("The certificate has to be for the host", arguments: ["collector.test", "localhost", "127.0.0.1", "::1"])
    func rightHost(host: String) throws {
        #expect(try pair(host: host).client.isHandshakeComplete)
    }

    @Test(
        "A certificate for another host is refused",
        arguments: [
            ("other.test", "hostname mismatch"), ("test", "hostname mismatch"), ("127.0.0.2", "IP address mismatch"),
        ])
    func wrongHost(host: String, reason: String) throws {
        let pair = try pair(host: host)
        #expect(!pair.client.isHandshakeComplete)
        #expect(pair.clientError == .peerNotTrusted(reason: reason))
        #expect(pair.serverError != nil)
    }

    @Test("A session without a host is not made, as its check would be off")
    func noHost() throws {
        #expect(throws: TLSError.library(operation: "verify the server", reason: "no host name given")) {
            try client().makeSession(host: "")
        }
    }

    @Test("A server whose authority is not trusted is refused")
    func wrongAuthority() throws {
        let pair = try pair(authority: "stranger.pem")
        #expect(pair.clientError == .peerNotTrusted(reason: "unable to get local issuer certificate"))
        #expect(pair.serverError == .handshake(reason: "tlsv1 alert unknown ca"))
    }

    @Test("With a client authority, a client it signed for is let in")
    func mutual() throws {
        let pair = try pair(clientAuthority: "ca.pem", identity: "client")
        #expect(pair.server.isHandshakeComplete && pair.client.isHandshakeComplete)
        try pair.client.send([1, 2, 3].span)
        pair.exchange()
        #expect(pair.serverReceived == [1, 2, 3])
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test("With a client authority, a client without a certificate is refused")
    func missingClientCertificate() throws {
        let pair = try pair(clientAuthority: "ca.pem")
        #expect(!pair.server.isHandshakeComplete)
        #expect(pair.serverError == .handshake(reason: "peer did not return a certificate"))
        // In TLS 1.3 the client is done before the server looks at it, and learns of the refusal afterwards.
        #expect(pair.clientError == .connection(reason: "tlsv13 alert certificate required"))
    }

    @Test("With a client authority, a client that another one signed for is refused")
    func strangeClient() throws {
        let pair = try pair(clientAuthority: "ca.pem", identity: "strange-client")
        #expect(!pair.server.isHandshakeComplete)
        guard case .peerNotTrusted? = pair.serverError else {
            Issue.record("\(String(describing: pair.serverError))")
            return
        }
        #expect(pair.clientError == .connection(reason: "tlsv1 alert unknown ca"))
    }

    @Test("After the farewell nothing can be sent, and the end of the transport is no error")
    func farewell() throws {
        let pair = try pair()
        try pair.client.send([1].span)
        pair.client.close()
        pair.client.close()
        pair.exchange()
        #expect(pair.serverReceived == [1])
        #expect(pair.server.isPeerClosed)
        #expect(throws: Never.self) { try pair.server.transportEnded() }
        #expect(throws: TLSError.closed) { try pair.client.send([2].span) }
        // The other direction is still open.
        try pair.server.send([3].span)
        pair.exchange()
        #expect(pair.clientReceived == [3])
        #expect(!pair.client.isPeerClosed)
    }

    @Test("A transport that ends without a farewell is a truncation")
    func truncated() throws {
        let pair = try pair()
        try pair.client.send([1, 2, 3].span)
        var bytes: [UInt8] = []
        pair.client.takeOutput(into: &bytes)
        try pair.server.receive(bytes.span.extracting(droppingLast: 1), plaintext: &pair.serverReceived)
        #expect(pair.serverReceived == [])
        #expect(throws: TLSError.truncated) { try pair.server.transportEnded() }
        #expect(throws: TLSError.closed) { try pair.server.receive(bytes.span, plaintext: &pair.serverReceived) }
    }

    @Test("A flipped bit is an error, and the session is over")
    func flipped() throws {
        let pair = try pair()
        try pair.client.send([1, 2, 3].span)
        var bytes: [UInt8] = []
        pair.client.takeOutput(into: &bytes)
        bytes[bytes.count - 2] ^= 1
        #expect(throws: TLSError.connection(reason: "decryption failed or bad record mac")) {
            try pair.server.receive(bytes.span, plaintext: &pair.serverReceived)
        }
        #expect(pair.serverReceived == [])
        #expect(throws: TLSError.closed) { try pair.server.send([1].span) }
    }

    @Test("Bytes that are not TLS are refused")
    func garbage() throws {
        let session = try server().makeSession()
        var plaintext: [UInt8] = []
        #expect(throws: TLSError.handshake(reason: "http request")) {
            try session.receive(Array("GET / HTTP/1.1\r\n\r\n".utf8).span, plaintext: &plaintext)
        }
    }
}
