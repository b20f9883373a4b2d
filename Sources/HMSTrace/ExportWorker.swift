import EventLoop
import Glibc
import TraceModel

/// Empties the queue on the tracer's thread: waits for company, packs, sends, counts.
struct ExportWorker: Sendable {
    /// Bounds each request for a large message.
    static let largeMessageDeadline: Duration = .seconds(2)
    static let maximumResourceBytes = 16 << 10

    private let queue: Monitor<SpanQueue>
    private let address: SocketAddress?
    private let resource: [UInt8]
    private let largeMessages: (any LargeMessageSender)?

    init(queue: Monitor<SpanQueue>, options: TracerOptions, largeMessages: (any LargeMessageSender)?) {
        self.queue = queue
        resource = SpanEncoder.resource(
            Self.resourceAttributes(of: options), maximumBytes: Self.maximumResourceBytes)
        do {
            let address = try SocketAddress(parsing: options.sidecar)
            self.address = address
            self.largeMessages = largeMessages ?? SidecarHTTP(address: address, keyFile: options.keyFile)
        } catch {
            address = nil
            self.largeMessages = largeMessages
            queue.withLock { $0.statistics.lastError = "sidecar: \(error)" }
        }
    }

    func run() {
        var socket = address.map { DatagramSocket(address: $0) }
        var packer = DatagramPacker(producer: .random(in: 1 ... .max), resource: resource)
        while true {
            queue.wait(deadline: { _ in nil }, until: { $0.hasPending || $0.isClosed })
            queue.wait(deadline: { $0.dueAt }, until: { $0.isDue })
            let (spans, dropped) = queue.withLock { ($0.takePending(), $0.statistics.dropped) }
            if spans.isEmpty { break }  // only a closed queue is left empty here
            packer.pack(spans, dropped: dropped) { send($0, through: &socket) }
            queue.withLock { $0.finishTaken() }
            queue.broadcast()
        }
        socket?.close()
        queue.withLock { $0.isFinished = true }
        queue.broadcast()
    }

    private func send(_ message: DatagramPacker.Message, through socket: inout DatagramSocket?) {
        switch message {
        case .datagram(let bytes, let spans, let spanBytes):
            let outcome = socket?.send(bytes) ?? .failed("the sidecar's address cannot be used")
            switch outcome {
            case .sent:
                complete(spans, spanBytes, as: \.sent) { $0.datagrams += 1 }
            case .tooLarge:
                complete(spans, spanBytes, as: \.droppedTooLarge)
            case .failed(let reason):
                complete(spans, spanBytes, as: \.droppedSendFailed) { $0.lastError = reason }
            }
        case .large(let bytes, let spans, let spanBytes):
            let outcome =
                largeMessages?.send(bytes, deadline: Self.largeMessageDeadline)
                ?? .failed("the sidecar's address cannot be used")
            switch outcome {
            case .acknowledged: complete(spans, spanBytes, as: \.sent) { $0.httpRequests += 1 }
            case .tooLarge: complete(spans, spanBytes, as: \.droppedTooLarge) { $0.httpRequests += 1 }
            case .failed(let reason):
                complete(spans, spanBytes, as: \.droppedSendFailed) {
                    $0.httpRequests += 1
                    $0.lastError = reason
                }
            }
        }
    }

    private func complete(
        _ spans: Int, _ bytes: Int, as count: WritableKeyPath<TracerStatistics, UInt64>,
        _ change: (inout TracerStatistics) -> Void = { _ in }
    ) {
        queue.withLock { queue in
            queue.complete(spans: spans, bytes: bytes, as: count)
            change(&queue.statistics)
        }
        queue.broadcast()
    }

    private static func resourceAttributes(of options: TracerOptions) -> SpanAttributes {
        var host = [CChar](repeating: 0, count: 256)
        // One byte stays zero, should the name fill the rest.
        _ = gethostname(&host, host.count - 1)
        var attributes: SpanAttributes = [
            "service.name": .string(options.service),
            "host.name": .string(
                String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)),
            "process.pid": .int(Int64(getpid())), "telemetry.sdk.name": "hms-trace", "telemetry.sdk.language": "swift",
            "telemetry.sdk.version": .string(HMSTrace.version),
        ]
        attributes.merge(options.resourceAttributes)
        return attributes
    }
}
