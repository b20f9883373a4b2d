import EventLoop
import Glibc

/// A stream socket with calls that wait, each for `timeout` at most. For tools that do one thing at a time.
final class BlockingConnection {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(to address: SocketAddress, timeout: Duration) throws(SystemError) {
        descriptor = try Socket.connect(address)  // from here on `deinit` closes it, also when this throws
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let milliseconds = Int32(clamping: timeout.wholeNanoseconds / 1_000_000)
        let ready = poll(&waiting, 1, milliseconds)
        if ready == 1, let code = Socket.connectError(descriptor) {
            throw SystemError("connect to \(address)", code: code)
        }
        guard ready == 1 else { throw SystemError("connect to \(address)", code: ETIMEDOUT) }
        let parts = timeout.components
        var limit = timeval(tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        _ = fcntl(descriptor, F_SETFL, 0)  // Socket makes them non-blocking; here waiting is wanted
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws(SystemError) {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes[offset...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            let code = errno
            if sent > 0 { offset += sent } else if code != EINTR { throw SystemError("send", code: code) }
        }
    }

    /// Appends what has come; returns how much that was, 0 when the peer has closed.
    func receive(into output: inout [UInt8]) throws(SystemError) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            let code = errno
            if count >= 0 {
                output += buffer[..<count]
                return count
            }
            if code != EINTR { throw SystemError("receive", code: code) }
        }
    }
}
