import CLinux
import EventLoop
import Glibc
import WireFormat

/// Sends `hms.v1.Datagram`s with a producer and sequence numbers, so that the sidecar can count what gets lost. Nothing
/// answers a datagram: what the kernel took counts as sent.
struct DatagramLoad {
    private let plan: LoadPlan
    private var template: RequestTemplate
    private let ids: LoadIDs
    private(set) var report: LoadReport
    private(set) var acked = AckedRequests()

    /// The greatest payload of a UDP datagram over IPv4.
    static let largest = 65_507

    init(plan: LoadPlan) throws(OpsError) {
        self.plan = plan
        template = RequestTemplate(spans: plan.batch, spansPerTrace: plan.spansPerTrace, requests: plan.requests)
        ids = LoadIDs(seed: plan.seed)
        report = LoadReport(mode: plan.mode, batch: plan.batch)
        let size = template.request(0, ids: ids, time: 0).count + 32
        guard size <= Self.largest else {
            throw .usage(
                .invalidValue(
                    option: "--batch", value: "\(plan.batch)",
                    expected: "at most \(plan.batch * Self.largest / size) spans, which is what a datagram holds"))
        }
    }

    mutating func run() throws(OpsError) {
        let descriptor: Int32
        do {
            descriptor = try Socket.connectDatagram(plan.target)
        } catch {
            throw .cannotConnect(plan.target, error)
        }
        defer { close(descriptor) }
        let start = MonotonicTime.now()
        var next: UInt64 = 0
        while plan.requests.map({ next < $0 }) ?? true {
            let elapsed = MonotonicTime.now() - start
            if let seconds = plan.seconds, elapsed >= .seconds(seconds) { break }
            if let interval = plan.interval, interval * Int(next) > elapsed {
                usleep(500)
                continue
            }
            send(number: next, on: descriptor)
            next += 1
        }
        report.seconds = Double((MonotonicTime.now() - start).wholeNanoseconds) / 1e9
    }

    private mutating func send(number: UInt64, on descriptor: Int32) {
        let request = template.request(number, ids: ids, time: wallClockNanoseconds())
        var writer = ProtobufWriter(capacity: request.count + 32)
        writer.fixed64(1, plan.seed)
        writer.varint(2, number)
        writer.bytes(3, request)
        report.sentSpans += UInt64(template.spans)
        report.bytes += UInt64(writer.bytes.count)
        while true {
            let sent = writer.bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
            let code = errno
            if sent >= 0 {
                report.ackedSpans += UInt64(template.spans)
                report.ackedTraces += UInt64(template.completedTraces(by: number))
                acked.add(number)
                return
            }
            // The send buffer is full for a moment: on a datagram socket that is all these mean.
            if code == EAGAIN || code == ENOBUFS || code == EINTR {
                usleep(50)
                continue
            }
            report.countFailure(SystemError("send", code: code).reason)
            return
        }
    }
}
