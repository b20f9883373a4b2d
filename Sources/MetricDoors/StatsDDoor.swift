import CLinux
package import EventLoop
import Glibc
package import Receiving
package import SelfTelemetry
import WireFormat

/// The StatsD door: takes datagrams of StatsD and DogStatsD lines, gathers them over aligned windows and hands each window's metrics
/// to the sink. Never answers: a datagram's sender may be forged. Lives on one loop.
package final class StatsDDoor {
    package struct Options: Sendable {
        package var window = StatsDWindow.Options()
        package var receiveBufferBytes = 4 << 20
        /// Events and service checks of one round of the loop.
        package var maxMessagesAtOnce = 1_000
        package init() {}
    }

    package let localAddress: SocketAddress
    private let loop: EventLoop
    private let fd: Int32
    private let slots = DatagramSlots()
    private let queue: DeliveryQueue
    private let ingest: IngestCounters
    private let counters: StatsDCounters
    private let exposition: ExpositionTable
    private let log: Log
    private let options: Options
    /// Nanoseconds since 1970.
    private let clock: () -> UInt64
    private var window: StatsDWindow
    private var watch: Watch?
    private var timer: Timer?
    private var kernelDropsSeen: UInt32 = 0
    private var messages: [DogStatsDMessage] = []

    package init(
        loop: EventLoop, address: SocketAddress, sink: any TelemetrySink, ingest: IngestCounters,
        counters: StatsDCounters, exposition: ExpositionTable, log: Log, options: Options = Options(),
        clock: @escaping () -> UInt64 = wallClockNanoseconds
    ) throws(SystemError) {
        fd = try Socket.bindDatagram(address)
        _ = hms_set_receive_buffer(fd, Int32(clamping: options.receiveBufferBytes))
        _ = hms_enable_drop_count(fd)
        localAddress = Socket.localAddress(fd) ?? address
        self.loop = loop
        self.ingest = ingest
        self.counters = counters
        self.exposition = exposition
        self.log = log
        self.options = options
        self.clock = clock
        queue = DeliveryQueue(loop: loop, sink: sink, ingest: ingest, log: log, what: "statsd")
        window = StatsDWindow(options: options.window, now: clock())
        do throws(SystemError) {
            watch = try loop.watch(fd, .read) { [unowned self] _ in receiveWaiting() }
        } catch {
            Glibc.close(fd)
            throw error
        }
        scheduleEnd()
    }

    deinit { close() }

    /// Takes what the kernel holds already, ends the window that is open, and closes the socket.
    package func drainAndClose() {
        receiveWaiting(rounds: 4096)
        handOn(window.close(at: clock()))
        sendMessages()
        queue.drain()
        close()
    }

    private func close() {
        guard let watch else { return }
        watch.cancel()
        timer?.cancel()
        self.watch = nil
        Glibc.close(fd)
    }

    // MARK: windows

    private func scheduleEnd() {
        let now = clock()
        let left = window.end > now ? window.end - now : 0
        // At most an interval: a clock that is set while the timer runs must not stop the windows for long.
        let longest = options.window.interval.nanosecondsClamped
        timer = loop.schedule(after: .nanoseconds(Int64(clamping: min(left, longest)))) { [weak self] in
            guard let self else { return }
            endWindowIfDue()
            scheduleEnd()
        }
    }

    /// Also before datagrams are read, so that what comes after a window's end is in the next, however late its timer is.
    private func endWindowIfDue() {
        let now = clock()
        // A clock that was set back by more than an interval ends the window too, as its end would not come for long.
        let isBack = now < window.start && window.start - now > options.window.interval.nanosecondsClamped
        guard now >= window.end || isBack else { return }
        handOn(window.close(at: now))
    }

    private func handOn(_ families: [MetricFamily]) {
        counters.series.set(0)
        guard !families.isEmpty else { return }
        exposition.note(families, now: clock())
        for message in OTLPMetricsWriter.messages(families, resource: [], scope: "hms.statsd") {
            queue.add(.metrics, message.bytes, items: message.items)
        }
    }

    // MARK: datagrams

    /// A bounded number of rounds, so that timers and mailboxes of this loop get their turn under a flood.
    private func receiveWaiting(rounds: Int = 16) {
        endWindowIfDue()
        for _ in 0..<rounds {
            let count = slots.receive(from: fd)
            guard count > 0 else { break }
            for index in 0..<count { take(slots.datagram(index).span) }
            noteKernelDrops(slots.dropCount(ofLast: count))
            if count < DatagramSlots.count { break }
        }
        counters.series.set(window.seriesCount)
        sendMessages()
    }

    private func noteKernelDrops(_ total: UInt32?) {
        guard let total else { return }
        counters.kernelDrops.add(UInt64(total &- kernelDropsSeen))
        kernelDropsSeen = total
    }

    private func take(_ datagram: Span<UInt8>) {
        ingest.countRequest(.statsd)
        var rest = 0..<datagram.count
        var hasLine = false
        var hasGoodLine = false
        while !rest.isEmpty {
            var line = StatsDParser.cut(&rest, at: UInt8(ascii: "\n"), datagram) ?? StatsDParser.take(&rest)
            if let last = line.last, datagram[last] == UInt8(ascii: "\r") { line = line.lowerBound..<last }
            guard !line.isEmpty else { continue }
            hasLine = true
            do throws(StatsDFault) {
                try take(datagram, line)
                hasGoodLine = true
            } catch {
                refuse(datagram, line, error)
            }
        }
        if hasLine, !hasGoodLine { ingest.countRefusedRequest(.malformed) }
    }

    private func take(_ datagram: Span<UInt8>, _ line: Range<Int>) throws(StatsDFault) {
        if DogStatsDMessage.isOne(datagram, line) {
            let message = try DogStatsDMessage(datagram, line)
            counters.taken.add()
            messages.append(message)
            if messages.count >= options.maxMessagesAtOnce { sendMessages() }
            return
        }
        switch try window.take(datagram, line) {
        case .taken: counters.taken.add()
        case .overflowed: counters.overflowed.add()
        case .dropped: counters.dropped.add()
        }
    }

    private func refuse(_ datagram: Span<UInt8>, _ line: Range<Int>, _ fault: StatsDFault) {
        counters.countRefused(fault)
        // Only what stands where a name does: the rest may hold what is to be on no disk. The log escapes it, and limits its
        // own rate.
        let name = StatsDParser.text(datagram, line.lowerBound..<min(line.upperBound, line.lowerBound + 60))
            .prefix { $0 != ":" && $0 != "|" && $0 != "=" && $0 != " " }
        log.warning(
            "statsd_line_refused", "a line is no StatsD",
            [
                "reason": fault.rawValue,
                "begins": String(name), "bytes": line.count,
            ])
    }

    private func sendMessages() {
        guard !messages.isEmpty else { return }
        let bytes = ProtobufWriter.logs(messages, observed: clock())
        let count = messages.count
        messages.removeAll()
        queue.add(.logs, bytes, items: count)
    }
}
