package import Synchronization

/// What a server counted so far. Written by its loop, read from any thread.
package final class HTTPServerCounters: Sendable {
    package let connections = Atomic<UInt64>(0)
    package let openConnections = Atomic<Int>(0)
    package let http1Requests = Atomic<UInt64>(0)
    package let http2Requests = Atomic<UInt64>(0)
    package let bytesReceived = Atomic<UInt64>(0)
    package let bytesSent = Atomic<UInt64>(0)
    /// Bytes of bodies that are being received.
    package let bufferedBytes = Atomic<Int>(0)
    /// Bytes of answers that peers have not taken yet.
    package let unsentBytes = Atomic<Int>(0)
    private let refusals = Mutex<[HTTPRefusal: UInt64]>([:])

    package init() {}

    func refuse(_ reason: HTTPRefusal) { refusals.withLock { $0[reason, default: 0] += 1 } }

    package func refused(_ reason: HTTPRefusal) -> UInt64 { refusals.withLock { $0[reason] ?? 0 } }
}
