import EventLoop
import Glibc

/// A datagram socket to one address, opened at the first send. Lives on the tracer's thread.
struct DatagramSocket {
    private let address: SocketAddress
    private var descriptor: Int32 = -1

    enum Outcome: Equatable {
        case sent
        case tooLarge
        case failed(String)
    }

    init(address: SocketAddress) { self.address = address }

    mutating func send(_ bytes: [UInt8]) -> Outcome {
        do throws(SystemError) {
            if descriptor < 0 { descriptor = try Socket.connectDatagram(address) }
        } catch {
            return .failed("\(error)")
        }
        var lastCode: Int32 = 0
        for _ in 0..<4 {
            let result = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
            }
            if result >= 0 { return .sent }
            lastCode = errno
            switch lastCode {
            // The kernel tells here of an earlier datagram that found no listener; this one has not been sent yet.
            case ECONNREFUSED, EINTR: continue
            case EAGAIN, ENOBUFS:
                var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&watched, 1, 50)
            case EMSGSIZE: return .tooLarge
            default: return .failed("\(SystemError("send to \(address)", code: lastCode))")
            }
        }
        return .failed("\(SystemError("send to \(address)", code: lastCode))")
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}
