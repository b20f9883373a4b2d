import CLinux
import Glibc

/// Opens and describes sockets. Every descriptor is non-blocking and closed on exec; the caller owns it.
package enum Socket {
    /// A listening stream socket. A unix socket file that nobody listens at any more is replaced; anything else at the path
    /// stays, and the address is in use.
    /// - Parameter unixMode: who may connect to a unix socket.
    package static func listen(
        _ address: SocketAddress, backlog: Int32 = 1024, unixMode: UInt32 = 0o660
    ) throws(SystemError) -> Int32 {
        let fd = try open(address, SOCK_STREAM)
        do throws(SystemError) {
            if case .unix(let path) = address.host {
                try removeStaleSocket(at: path, address)
                try bind(fd, to: address)
                // Nobody can connect before `listen`, so nobody slips in while the file has the mode that umask gave it.
                try check("set the permissions of \(address)", chmod(path, unixMode))
            } else {
                try setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
                try bind(fd, to: address)
            }
            try check("listen on \(address)", Glibc.listen(fd, backlog))
            return fd
        } catch {
            close(fd)
            throw error
        }
    }

    package static func bindDatagram(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let fd = try open(address, SOCK_DGRAM)
        do throws(SystemError) {
            try bind(fd, to: address)
            return fd
        } catch {
            close(fd)
            throw error
        }
    }

    /// Begins to connect; the descriptor becomes writable when that has ended, and `connectError` then tells how.
    package static func connect(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let fd = try open(address, SOCK_STREAM)
        let result = address.withKernelForm { Glibc.connect(fd, $0, $1) }
        let code = errno
        guard result == 0 || code == EINPROGRESS else {
            close(fd)
            throw SystemError("connect to \(address)", code: code)
        }
        if address.family != AF_UNIX { try? setOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
        return fd
    }

    /// A datagram socket that sends to `address` alone.
    package static func connectDatagram(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let fd = try open(address, SOCK_DGRAM)
        let result = address.withKernelForm { Glibc.connect(fd, $0, $1) }
        let code = errno
        guard result == 0 else {
            close(fd)
            throw SystemError("connect to \(address)", code: code)
        }
        return fd
    }

    /// The outcome of a connect that was begun: nil when it stands.
    package static func connectError(_ fd: Int32) -> Int32? {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else { return errno }
        return code == 0 ? nil : code
    }

    package static func localAddress(_ fd: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &size) }
        }
        return result == 0 ? SocketAddress(kernelForm: storage) : nil
    }

    /// Takes one waiting connection; nil when none waits. Throws what must be told, such as that descriptors ran out.
    package static func accept(_ listener: Int32) throws(SystemError) -> (fd: Int32, peer: SocketAddress?)? {
        while true {
            var storage = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let fd = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { hms_accept4(listener, $0, &size) }
            }
            if fd >= 0 {
                if storage.ss_family != sa_family_t(AF_UNIX) {
                    try? setOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                }
                return (fd, SocketAddress(kernelForm: storage))
            }
            switch errno {
            case EAGAIN: return nil
            // The peer gave up, or its network did; others may be waiting.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, ENETUNREACH: continue
            case let code: throw SystemError("accept", code: code)
            }
        }
    }

    package static func setOption(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32) throws(SystemError) {
        var value = value
        try check("setsockopt", setsockopt(fd, level, name, &value, socklen_t(MemoryLayout<Int32>.size)))
    }

    private static func removeStaleSocket(at path: String, _ address: SocketAddress) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        let probe = try open(address, SOCK_STREAM)
        defer { close(probe) }
        let result = address.withKernelForm { Glibc.connect(probe, $0, $1) }
        let code = errno
        if result < 0, code == ECONNREFUSED { unlink(path) }
    }

    private static func open(_ address: SocketAddress, _ type: __socket_type) throws(SystemError) -> Int32 {
        let flags = Int32(type.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return try check("open a socket for \(address)", socket(address.family, flags, 0))
    }

    private static func bind(_ fd: Int32, to address: SocketAddress) throws(SystemError) {
        let result = address.withKernelForm { Glibc.bind(fd, $0, $1) }
        try check("listen on \(address)", result)
    }
}
