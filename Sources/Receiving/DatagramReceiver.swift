import CLinux
package import EventLoop
import Glibc
package import Refining
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
    private let refiner: Refiner?
    private var watch: Watch?
    private var reader = DatagramReader()
    private var scanner: TelemetryScanner
    private var producers = ProducerTable()
    private var kernelDropsSeen: UInt32 = 0
    /// Of the datagram in hand; empty between datagrams.
    private var checked: [CheckedPayload] = []

    private struct CheckedPayload {
        let telemetry: AcceptedTelemetry
        let receivedBytes: Int
        let refused: Int
        let refining: RefiningOutcome?
    }

    package init(
        loop: EventLoop, address: SocketAddress, receiveBufferBytes: Int, sink: any TelemetrySink,
        ingest: IngestCounters, counters: Counters, refiner: Refiner? = nil, collectsTraces: Bool = false
    ) throws(SystemError) {
        fd = try Socket.bindDatagram(address)
        self.receiveBufferBytes = Int(hms_set_receive_buffer(fd, Int32(clamping: receiveBufferBytes)))
        _ = hms_enable_drop_count(fd)
        localAddress = Socket.localAddress(fd) ?? address
        slots = DatagramSlots()
        self.sink = sink
        self.ingest = ingest
        self.counters = counters
        self.refiner = refiner
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

    /// A bounded number of rounds, so that timers and mailboxes of this loop get their turn under a flood.
    private func receiveWaiting(rounds: Int = 16) {
        for _ in 0..<rounds {
            let count = slots.receive(from: fd)
            guard count > 0 else { return }
            counters.datagrams.add(count)
            for index in 0..<count { take(slots.datagram(index).span) }
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

    private func take(_ datagram: Span<UInt8>) {
        ingest.countRequest(.udp)
        do throws(WireError) {
            try reader.read(datagram)
            if let producer = reader.producer, let sequence = reader.sequence { note(producer, sequence) }
            // A datagram is taken or refused whole, so nothing is handed on before all of it has been read. Backwards, so
            // that handing on takes from the array's end.
            for payload in reader.payloads.reversed() {
                checked.append(try check(datagram.extracting(payload.range), payload.kind))
            }
        } catch {
            checked.removeAll(keepingCapacity: true)
            ingest.countRefusedRequest(.malformed)
        }
        while let payload = checked.popLast() { handOn(payload) }
    }

    private func note(_ producer: UInt64, _ sequence: UInt64) {
        let effect = producers.note(producer: producer, sequence: sequence)
        if effect.newlyMissing > 0 { counters.missing.add(effect.newlyMissing) }
        if effect.arrivedLate { counters.late.add() }
        if effect.isDuplicate { counters.duplicates.add() }
    }

    private func check(_ payload: Span<UInt8>, _ kind: SignalKind) throws(WireError) -> CheckedPayload {
        try scanner.scan(payload, as: kind)
        var bytes: [UInt8] = []
        var refining: RefiningOutcome?
        if scanner.items > 0, scanner.refusedCount > 0 {
            _ = try SpanFilter.copyValid(payload, into: &bytes)
            if let refiner {
                var refined: [UInt8] = []
                refining = try refiner.refine(bytes.span, kind, into: &refined)
                if refining?.isChanged == true { bytes = refined }
            }
        } else if scanner.items > 0 {
            refining = try refiner?.refine(payload, kind, into: &bytes)
            if refining?.isChanged != true { bytes = payload.withUnsafeBufferPointer { Array($0) } }
        }
        let sampledOut = refining?.sampledOut ?? 0
        let telemetry = AcceptedTelemetry(
            kind: kind, bytes: bytes, payload: 0..<bytes.count, items: scanner.items - sampledOut, runs: scanner.runs,
            services: scanner.services, sender: nil, sequence: 0, sampledOut: sampledOut)
        return CheckedPayload(
            telemetry: telemetry, receivedBytes: payload.count, refused: scanner.refusedCount, refining: refining)
    }

    private func handOn(_ payload: CheckedPayload) {
        let (kind, items) = (payload.telemetry.kind, payload.telemetry.items + payload.telemetry.sampledOut)
        ingest.receivedBytes.add(payload.receivedBytes)
        ingest.countReceived(kind, items + payload.refused)
        ingest.countRejected(kind, payload.refused, .badIdentity)
        guard items > 0 else { return }
        let refining = payload.refining
        guard payload.telemetry.items > 0 else {
            ingest.countAccepted(kind, items)
            if let refining { ingest.countRefined(kind, refining) }
            sink.noteSampledOut(kind, items)
            return
        }
        sink.accept(payload.telemetry) { [ingest] answer in
            switch answer {
            case .accepted:
                ingest.countAccepted(kind, items)
                if let refining { ingest.countRefined(kind, refining) }
            case .duplicate: ingest.countDuplicate(kind, items)
            case .busy: ingest.countRejected(kind, items, .busy)
            }
        }
    }
}

/// The memory that one recvmmsg call fills: a slot for each datagram, as long as UDP allows. Pages that no datagram has
/// reached are never touched, so it costs what is used.
private final class DatagramSlots {
    static let count = 64
    private static let slotBytes = 64 << 10
    private static let controlBytes = Int(hms_drop_count_space())

    private let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count * slotBytes)
    private let control = UnsafeMutableRawPointer.allocate(byteCount: count * controlBytes, alignment: 16)
    private let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: count)
    private let messages = UnsafeMutablePointer<hms_mmsghdr>.allocate(capacity: count)

    init() {
        for index in 0..<Self.count {
            vectors[index] = iovec(iov_base: bytes + index * Self.slotBytes, iov_len: Self.slotBytes)
            messages[index] = hms_mmsghdr()
            messages[index].header.msg_iov = vectors + index
            messages[index].header.msg_iovlen = 1
        }
    }

    deinit {
        bytes.deallocate()
        control.deallocate()
        vectors.deallocate()
        messages.deallocate()
    }

    /// How many datagrams came; 0 when none wait.
    func receive(from fd: Int32) -> Int {
        for index in 0..<Self.count {
            messages[index].header.msg_control = control + index * Self.controlBytes
            messages[index].header.msg_controllen = Self.controlBytes
        }
        return max(0, Int(hms_recvmmsg(fd, messages, UInt32(Self.count))))
    }

    /// Valid until the next `receive`.
    func datagram(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: bytes + index * Self.slotBytes, count: Int(messages[index].length))
    }

    func dropCount(ofLast count: Int) -> UInt32? {
        let total = hms_drop_count(&messages[count - 1].header)
        return total < 0 ? nil : UInt32(truncatingIfNeeded: total)
    }
}
