package import CLinux
import Glibc

/// Where a socket listens or connects: an IPv4 or IPv6 address with a port, or the path of a unix socket.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Host: Hashable, Sendable {
        case ipv4([UInt8])
        case ipv6([UInt8])
        case unix(path: String)
    }

    package let host: Host
    /// 0 for a unix socket, or where the kernel is to choose.
    package let port: UInt16

    package init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(host: .ipv4([127, 0, 0, 1]), port: port)
    }

    /// Reads `127.0.0.1:4317`, `[::1]:4317`, `localhost:4317` or `unix:/path`. Names other than localhost are not looked up.
    package init(parsing text: String) throws(InvalidAddress) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.utf8.count > 0, path.utf8.count < 108 else { throw InvalidAddress(text: text) }
            self.init(host: .unix(path: path), port: 0)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw InvalidAddress(text: text)
        }
        var name = String(text[..<colon])
        if name == "localhost" { name = "127.0.0.1" }
        if name.hasPrefix("["), name.hasSuffix("]") {
            var address = in6_addr()
            guard inet_pton(AF_INET6, String(name.dropFirst().dropLast()), &address) == 1 else {
                throw InvalidAddress(text: text)
            }
            self.init(host: .ipv6(withUnsafeBytes(of: address) { Array($0) }), port: port)
            return
        }
        var address = in_addr()
        guard inet_pton(AF_INET, name, &address) == 1 else { throw InvalidAddress(text: text) }
        self.init(host: .ipv4(withUnsafeBytes(of: address) { Array($0) }), port: port)
    }

    package var isLoopback: Bool {
        switch host {
        case .ipv4(let bytes): bytes[0] == 127
        case .ipv6(let bytes): bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        case .unix: true
        }
    }

    package var description: String {
        switch host {
        case .ipv4(let bytes): bytes.map(String.init).joined(separator: ".") + ":\(port)"
        case .ipv6(let bytes):
            "[" + Self.text(AF_INET6, bytes) + "]:\(port)"
        case .unix(let path): "unix:" + path
        }
    }

    private static func text(_ family: Int32, _ bytes: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        bytes.withUnsafeBytes { bytes in
            _ = inet_ntop(family, bytes.baseAddress, &buffer, socklen_t(buffer.count))
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: the kernel's form

    var family: Int32 {
        switch host {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    func withKernelForm<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var storage = sockaddr_storage()
        let length = withUnsafeMutableBytes(of: &storage) { raw -> Int in
            switch host {
            case .ipv4(let bytes):
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = port.bigEndian
                withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: bytes) }
                withUnsafeBytes(of: address) { raw.copyMemory(from: $0) }
                return MemoryLayout<sockaddr_in>.size
            case .ipv6(let bytes):
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_port = port.bigEndian
                withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: bytes) }
                withUnsafeBytes(of: address) { raw.copyMemory(from: $0) }
                return MemoryLayout<sockaddr_in6>.size
            case .unix(let path):
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                withUnsafeBytes(of: address) { raw.copyMemory(from: $0) }
                return MemoryLayout<sockaddr_un>.size
            }
        }
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }

    /// Reads what the kernel filled in; nil for families that are not ours.
    package init?(kernelForm storage: sockaddr_storage) {
        let family = Int32(storage.ss_family)
        let value: SocketAddress? = withUnsafeBytes(of: storage) { raw in
            switch family {
            case AF_INET:
                let address = raw.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(
                    host: .ipv4(withUnsafeBytes(of: address.sin_addr) { Array($0) }),
                    port: UInt16(bigEndian: address.sin_port))
            case AF_INET6:
                let address = raw.loadUnaligned(as: sockaddr_in6.self)
                return SocketAddress(
                    host: .ipv6(withUnsafeBytes(of: address.sin6_addr) { Array($0) }),
                    port: UInt16(bigEndian: address.sin6_port))
            case AF_UNIX:
                let path = raw.dropFirst(MemoryLayout<sa_family_t>.size).prefix { $0 != 0 }
                return SocketAddress(host: .unix(path: String(decoding: path, as: UTF8.self)), port: 0)
            default: return nil
            }
        }
        guard let value else { return nil }
        self = value
    }
}

package struct InvalidAddress: Error, Equatable, CustomStringConvertible {
    package let text: String
    package var description: String {
        "'\(text)' is not an address; expected host:port such as 127.0.0.1:4317 or [::1]:4317, or unix:/path"
    }
}
