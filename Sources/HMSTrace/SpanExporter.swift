import CLinux
import Glibc
import TraceModel

/// A bounded queue of encoded spans and the thread that sends them.
///
/// A service's thread only appends under a lock that is held for some instructions. The sending thread lives until `stop`
/// or `shutdown`; it holds the shared part alone, so that a tracer that nobody keeps ends its thread.
final class SpanExporter: Sendable {
    private let queue: Monitor<SpanQueue>

    init(options: TracerOptions, largeMessages: (any LargeMessageSender)?) {
        queue = Monitor(
            SpanQueue(
                maximumBytes: options.maximumQueuedBytes, maximumDelay: options.maximumDelay,
                sendThreshold: options.sendThreshold))
        let worker = ExportWorker(queue: queue, options: options, largeMessages: largeMessages)
        if !startDetachedThread(name: "hms-trace", { worker.run() }) {
            queue.withLock { queue in
                queue.close()
                queue.isFinished = true
                queue.statistics.lastError = "no thread could be started"
            }
        }
    }

    func enqueue(_ span: [UInt8]) {
        let mustWake = queue.withLock { $0.append(span, now: monotonicNanoseconds()) }
        if mustWake { queue.broadcast() }
    }

    func countAbandoned() { queue.withLock { $0.statistics.abandoned += 1 } }

    var statistics: TracerStatistics { queue.withLock { $0.statistics } }

    func flush(timeout: Duration) -> Bool {
        let target = queue.withLock { $0.beginFlush() }
        queue.broadcast()
        let deadline = monotonicNanoseconds() &+ nanoseconds(timeout)
        return queue.wait(deadline: { _ in deadline }, until: { $0.finished >= target })
    }

    /// Takes no more spans; the thread ends when the queue is empty.
    func stop() {
        queue.withLock { $0.close() }
        queue.broadcast()
    }

    func shutdown(timeout: Duration) -> Bool {
        stop()
        let deadline = monotonicNanoseconds() &+ nanoseconds(timeout)
        return queue.wait(deadline: { _ in deadline }, until: { $0.isFinished })
    }
}

/// What the services' threads and the sending thread share.
struct SpanQueue: Sendable {
    private let maximumBytes: Int
    private let maximumDelay: UInt64
    private let sendThreshold: Int
    private var pending: [[UInt8]] = []
    private var pendingBytes = 0
    private var oldest: UInt64 = 0
    private(set) var isClosed = false
    var isFinished = false
    /// The number of the newest span that was taken in; spans dropped at the door have none.
    private var appended: UInt64 = 0
    /// The same of those that the sending thread holds or held.
    private var taken: UInt64 = 0
    /// Spans up to this number have been sent or dropped.
    private(set) var finished: UInt64 = 0
    /// Spans up to this number are to be sent without waiting for company.
    private var flushTarget: UInt64 = 0
    var statistics = TracerStatistics()

    init(maximumBytes: Int, maximumDelay: Duration, sendThreshold: Int) {
        self.maximumBytes = maximumBytes
        self.maximumDelay = nanoseconds(maximumDelay)
        self.sendThreshold = sendThreshold
    }

    var hasPending: Bool { !pending.isEmpty }

    /// Whether the sending thread has to be woken.
    mutating func append(_ span: [UInt8], now: UInt64) -> Bool {
        statistics.ended += 1
        guard !isClosed else {
            statistics.droppedAfterShutdown += 1
            return false
        }
        guard span.count <= maximumBytes - statistics.queuedBytes else {
            if span.count > maximumBytes { statistics.droppedTooLarge += 1 } else { statistics.droppedQueueFull += 1 }
            return false
        }
        let wasEmpty = pending.isEmpty
        let wasBelow = pendingBytes < sendThreshold
        if wasEmpty { oldest = now }
        appended += 1
        pending.append(span)
        pendingBytes += span.count
        statistics.queued += 1
        statistics.queuedBytes += span.count
        return wasEmpty || (wasBelow && pendingBytes >= sendThreshold)
    }

    /// Whether what is pending should go now.
    var isDue: Bool { pendingBytes >= sendThreshold || flushTarget > finished || isClosed }
    var dueAt: UInt64 { oldest &+ maximumDelay }

    /// The number that `finished` reaches when all that was taken in until now is gone.
    mutating func beginFlush() -> UInt64 {
        flushTarget = appended
        return appended
    }

    /// What is taken need not leave in its order, so it is finished as a whole, by `finishTaken`.
    mutating func takePending() -> [[UInt8]] {
        taken = appended
        defer {
            pending = []
            pendingBytes = 0
        }
        return pending
    }

    mutating func finishTaken() { finished = taken }

    mutating func close() { isClosed = true }

    /// Spans left the queue for good; `count` says as what.
    mutating func complete(spans: Int, bytes: Int, as count: WritableKeyPath<TracerStatistics, UInt64>) {
        statistics[keyPath: count] += UInt64(spans)
        statistics.queued -= UInt64(spans)
        statistics.queuedBytes -= bytes
    }
}

func nanoseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, seconds < 1_000_000 else { return seconds < 0 ? 0 : 1_000_000_000_000_000 }
    return UInt64(seconds) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
}

/// Runs `body` on a thread of its own, which takes no signals: those are the service's. False when there is none to be had.
private func startDetachedThread(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 1 << 20)
    defer { pthread_attr_destroy(&attributes) }
    let box = Unmanaged.passRetained(Box(name, body))
    // A thread inherits its creator's signal mask, so all are blocked for the moment of creation.
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    var thread = pthread_t()
    let result = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            _ = hms_set_thread_name(box.name)
            box.body()
            return nil
        }, box.toOpaque())
    if result != 0 { box.release() }
    return result == 0
}
