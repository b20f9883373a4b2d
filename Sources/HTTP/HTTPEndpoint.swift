import CLinux
package import EventLoop
import Glibc
package import TLS

/// A server that a client talks to.
package struct HTTPEndpoint: Sendable {
    /// Tried in turn; never empty.
    package let addresses: [SocketAddress]
    /// What `:authority` says.
    package let authority: String
    /// Whom the server's certificate has to name: a host name or an IP address.
    package let serverName: String
    /// Without it the client speaks HTTP/2 in clear text, with prior knowledge.
    package let tls: TLSClientContext?

    /// A known address. A unix socket has no name: with TLS, give the one in its certificate.
    package init(address: SocketAddress, serverName: String? = nil, tls: TLSClientContext? = nil) {
        addresses = [address]
        switch address.host {
        case .unix:
            self.serverName = serverName ?? "localhost"
            authority = self.serverName
        case .ipv4, .ipv6:
            let text = address.description
            let host = String(text[..<(text.lastIndex(of: ":") ?? text.endIndex)])
            let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
            self.serverName = serverName ?? bare
            authority = serverName.map { "\($0):\(address.port)" } ?? text
        }
        self.tls = tls
    }

    /// `host` is an IP address, `localhost` or a name. A name is looked up here and now, which may block for seconds: make
    /// endpoints at start, not on a loop.
    package init(host: String, port: UInt16, tls: TLSClientContext? = nil) throws(HTTPClientError) {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let text = bare.contains(":") ? "[\(bare)]:\(port)" : "\(bare):\(port)"
        if let address = try? SocketAddress(parsing: text) {
            addresses = [address]
        } else {
            addresses = try Self.lookUp(bare, port)
        }
        authority = text
        serverName = bare
        self.tls = tls
    }

    package var scheme: String { tls == nil ? "http" : "https" }

    private static func lookUp(_ name: String, _ port: UInt16) throws(HTTPClientError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(name, String(port), &hints, &list)
        guard result == 0 else {
            let reason = String(cString: gai_strerror(result))
            throw HTTPClientError(.cannotResolve(reason), endpoint: "\(name):\(port)", mayHaveBeenProcessed: false)
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        // A bound, as the list comes from outside.
        while let entry = next, found.count < 16 {
            var storage = sockaddr_storage()
            let length = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            if let address = entry.pointee.ai_addr { memcpy(&storage, address, length) }
            if let address = SocketAddress(kernelForm: storage), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        guard !found.isEmpty else {
            throw HTTPClientError(
                .cannotResolve("no address"), endpoint: "\(name):\(port)", mayHaveBeenProcessed: false)
        }
        return found
    }
}
