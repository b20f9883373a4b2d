import EventLoop
import Glibc

/// A listener that says what a test scripts, byte for byte, to whoever connects.
final class RawPeer {
    let address: SocketAddress
    private(set) var accepted = 0
    private(set) var received: [UInt8] = []
    private let listener: Int32
    private var watches: [Watch] = []
    private var descriptors: [Int32]

    /// Sends `greeting` on connect and, with `closesOnData`, ends the connection when anything has come.
    init(on loop: EventLoop, greeting: [UInt8] = [], reply: [UInt8] = [], closesOnData: Bool = false) throws {
        listener = try Socket.listen(.loopback(port: 0))
        descriptors = [listener]
        address = Socket.localAddress(listener)!
        watches.append(
            try loop.watch(listener, .read) { [unowned self] _ in
                guard let (fd, _) = try? Socket.accept(listener) else { return }
                accepted += 1
                descriptors.append(fd)
                _ = send(fd, greeting, greeting.count, Int32(MSG_NOSIGNAL))
                var watch: Watch?
                var hasReplied = false
                watch = try? loop.watch(fd, .read) { [unowned self] _ in
                    var room = [UInt8](repeating: 0, count: 65_536)
                    let count = read(fd, &room, room.count)
                    if count > 0 { received += room.prefix(count) }
                    if count <= 0 || closesOnData {
                        watch?.cancel()
                        shutdown(fd, Int32(SHUT_RDWR))
                    } else if !hasReplied {
                        hasReplied = true
                        _ = send(fd, reply, reply.count, Int32(MSG_NOSIGNAL))
                    }
                }
                if let watch { watches.append(watch) }
            })
    }

    deinit {
        for watch in watches { watch.cancel() }
        for descriptor in descriptors { close(descriptor) }
    }

    /// A frame of RFC 9113, 4.1.
    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, stream] + payload
    }
    static let settings = frame(4)
    static func goAway(last: UInt8) -> [UInt8] { frame(7, [0, 0, 0, last, 0, 0, 0, 0]) }
    static func reset(_ stream: UInt8, code: UInt8) -> [UInt8] { frame(3, stream: stream, [0, 0, 0, code]) }
}
