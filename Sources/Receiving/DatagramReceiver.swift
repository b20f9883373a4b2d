import CLinux
package import EventLoop
import Glibc
package import SelfTelemetry
import WireFormat

/// The UDP door: takes datagrams in bulk, checks them and hands what is good to the sink. Never answers: a datagram's sender
/// may be forged. Lives on one loop.
package final class DatagramReceiver {
    package struct Counters: Sendable {
        package let datagrams: Counter
        package let missing: Counter
        package let late: Counter
        package let duplicates: Counter
        package let kernelDrops: Counter

        package init(program: String, registry: MetricRegistry) {
            datagrams = registry.counter("\(program)_udp_datagrams_total", help: "Datagrams that came in.")
            missing = registry.counter(
                "\(program)_udp_missing_datagrams_total",
                help: "Gaps in producers' sequence numbers: datagrams sent and not received.")
            late = registry.counter(
                "\(program)_udp_late_datagrams_total",
                help: "Datagrams that came after they had been counted as missing.")
            duplicates = registry.counter(
                "\(program)_udp_duplicate_datagrams_total", help: "Datagrams whose sequence number had come before.")
            kernelDrops = registry.counter(
                "\(program)_udp_kernel_drops_total",
                help: "Datagrams that the kernel dropped because the buffer was full.")
        }
    }

    package let localAddress: SocketAddress
    /// What the kernel granted; less than was asked for without CAP_NET_ADMIN.
    package let receiveBufferBytes: Int
    private let fd: Int32
    private let slots: DatagramSlots
    private let sink: any TelemetrySink
    private let ingest: IngestCounters
    private let counters: Counters
    private let refusals: RefusalRing?
    private var watch: Watch?
    private var reader = DatagramReader()
    private var scanner: TelemetryScanner
    private let collectsTraces: Bool
    private var producers: ProducerTable
    private var kernelDropsSeen: UInt32 = 0
    /// What the datagrams of one call held, by kind.
    private var gathered = SignalKind.allCases.map { Gathered(kind: $0) }
    /// Marks in `gathered` at the begin of the datagram in hand, to go back to when a later payload of it is malformed.
    private var marks = SignalKind.allCases.map { Gathered(kind: $0).mark }

    /// Messages of one kind, one behind the other.
    private struct Gathered {
        struct Mark {
            let bytes: Int
            let items: Int
            let refused: Int
            let received: Int
            let runs: Int
            let services: Int
        }

        let kind: SignalKind
        var bytes: [UInt8] = []
        var items = 0
        var refused = 0
        var receivedBytes = 0
        var runs: [TraceRun] = []
        var services: [ServiceCount] = []

        var mark: Mark {
            Mark(
                bytes: bytes.count, items: items, refused: refused, received: receivedBytes, runs: runs.count,
                services: services.count)
        }

        mutating func goBack(to mark: Mark) {
            bytes.removeLast(bytes.count - mark.bytes)
            (items, refused, receivedBytes) = (mark.items, mark.refused, mark.received)
            runs.removeLast(runs.count - mark.runs)
            services.removeLast(services.count - mark.services)
        }
    }

    package init(
        loop: EventLoop, address: SocketAddress, receiveBufferBytes: Int, sink: any TelemetrySink,
        ingest: IngestCounters, counters: Counters, collectsTraces: Bool = false,
        producers: ProducerTable = ProducerTable(),
        refusals: RefusalRing? = nil
    ) throws(SystemError) {
        fd = try Socket.bindDatagram(address)
        self.receiveBufferBytes = Int(hms_set_receive_buffer(fd, Int32(clamping: receiveBufferBytes)))
        _ = hms_enable_drop_count(fd)
        localAddress = Socket.localAddress(fd) ?? address
        slots = DatagramSlots()
        self.sink = sink
        self.ingest = ingest
        self.counters = counters
        self.producers = producers
        self.refusals = refusals
        self.collectsTraces = collectsTraces
        scanner = TelemetryScanner(collectsTraces: collectsTraces)
        do throws(SystemError) {
            watch = try loop.watch(fd, .read) { [unowned self] _ in receiveWaiting() }
        } catch {
            Glibc.close(fd)
            throw error
        }
    }

    deinit { close() }

    /// Takes what the kernel holds already, then closes the socket.
    package func drainAndClose() {
        receiveWaiting(rounds: 4096)
        close()
    }

    private func close() {
        guard let watch else { return }
        watch.cancel()
        self.watch = nil
        Glibc.close(fd)
    }

    private static let handOnBytes = 512 << 10

    /// A bounded number of rounds, so that timers and mailboxes of this loop get their turn under a flood.
    private func receiveWaiting(rounds: Int = 16) {
        for _ in 0..<rounds {
            let count = slots.receive(from: fd)
            guard count > 0 else { return }
            counters.datagrams.add(count)
            for index in 0..<count {
                take(slots.datagram(index).span)
                // So that a round of the largest datagrams does not become one message of megabytes.
                if gathered.contains(where: { $0.bytes.count >= Self.handOnBytes }) { handOn() }
            }
            handOn()
            noteKernelDrops(slots.dropCount(ofLast: count))
            if count < DatagramSlots.count { return }
        }
    }

    private func noteKernelDrops(_ total: UInt32?) {
        guard let total else { return }
        // The kernel's count is 32 bits wide and wraps.
        counters.kernelDrops.add(UInt64(total &- kernelDropsSeen))
        kernelDropsSeen = total
    }

    /// What is known of producers, for the ledger and to be kept.
    package var knownProducers: ProducerTable { producers }

    private func take(_ datagram: Span<UInt8>) {
        ingest.countRequest(.udp)
        for index in gathered.indices { marks[index] = gathered[index].mark }
        do throws(WireError) {
            try reader.read(datagram)
            if let producer = reader.producer, let sequence = reader.sequence { note(producer, sequence) }
            for payload in reader.payloads { try gather(datagram.extracting(payload.range), payload.kind) }
        } catch {
            // A datagram is taken or refused whole.
            for index in gathered.indices { gathered[index].goBack(to: marks[index]) }
            ingest.countRefusedRequest(.malformed)
            refusals?.note(
                RefusalRing.Refusal(
                    time: WallClock.unixNanoseconds(), reason: IngestCounters.Reason.malformed.rawValue, peer: "",
                    door: "udp", detail: "\(error)"))
        }
    }

    private func note(_ producer: UInt64, _ sequence: UInt64) {
        let effect = producers.note(producer: producer, sequence: sequence)
        if effect.newlyMissing > 0 { counters.missing.add(effect.newlyMissing) }
        if effect.arrivedLate { counters.late.add() }
        if effect.isDuplicate { counters.duplicates.add() }
    }

    private func gather(_ payload: Span<UInt8>, _ kind: SignalKind) throws(WireError) {
        try scanner.scan(payload, as: kind)
        let index = Int(kind.rawValue) - 1
        gathered[index].receivedBytes += payload.count
        gathered[index].items += scanner.items
        gathered[index].refused += scanner.refusedCount
        if collectsTraces {
            gathered[index].runs += scanner.runs
            gathered[index].services += scanner.services
        }
        if scanner.items > 0, scanner.refusedCount > 0 {
            _ = try SpanFilter.copyValid(payload, into: &gathered[index].bytes)
        } else if scanner.items > 0 {
            payload.withUnsafeBufferPointer { gathered[index].bytes.append(contentsOf: $0) }
        }
    }

    /// Gives the sink what the datagrams of one call held, and what is known of their producers.
    private func handOn() {
        var note = ProducerNotes.encode(producers.takeTouched())
        for index in gathered.indices where gathered[index].items > 0 || gathered[index].refused > 0 {
            let part = gathered[index]
            gathered[index] = Gathered(kind: part.kind)
            gathered[index].bytes.reserveCapacity(part.bytes.count)
            ingest.receivedBytes.add(part.receivedBytes)
            ingest.countReceived(part.kind, part.refused)
            ingest.countRejected(part.kind, part.refused, .badIdentity)
            guard part.items > 0 else { continue }
            hand(part, note)
            note = []
        }
        // The numbers of datagrams without anything good in them are kept as well.
        if !note.isEmpty { hand(Gathered(kind: .traces), note) }
    }

    private func hand(_ part: Gathered, _ note: [UInt8]) {
        let (kind, items) = (part.kind, part.items)
        let telemetry = AcceptedTelemetry(
            kind: kind, bytes: part.bytes, payload: 0..<part.bytes.count, items: items, runs: part.runs,
            services: part.services,
            sender: nil, sequence: 0, note: note)
        sink.accept(telemetry, nil) { [ingest] answer in ingest.count(answer, kind, items) }
    }
}
