import EventLoop

/// Sends requests over several connections and counts how they end. Lives on its event loop.
///
/// Without a rate the loop is closed: an answer makes room for the next request. With one it is open: request n is due
/// at its time whether others are answered or not, and its latency counts from then, so a stall is not hidden.
final class RequestLoad {
    private let plan: LoadPlan
    private let loop: EventLoop
    private var template: RequestTemplate
    private let ids: LoadIDs
    private let transports: [any LoadTransport]
    private var room: [Int]
    private var next: UInt64 = 0
    private var inFlight = 0
    private let start: MonotonicTime
    private(set) var report: LoadReport
    private(set) var acked = AckedRequests()

    /// How long a connection rests after a failed request.
    private static let rest = Duration.milliseconds(20)

    init(plan: LoadPlan, loop: EventLoop, connect: (EventLoop) -> any LoadTransport) {
        self.plan = plan
        self.loop = loop
        template = RequestTemplate(spans: plan.batch, spansPerTrace: plan.spansPerTrace, requests: plan.requests)
        ids = LoadIDs(seed: plan.seed)
        report = LoadReport(mode: plan.mode, batch: plan.batch)
        transports = (0..<plan.connections).map { _ in connect(loop) }
        room = [Int](repeating: plan.streams, count: plan.connections)
        start = loop.now()
    }

    /// Returns when every request has ended. Each transport gives its requests a deadline, so that is not far.
    func run() {
        tick()
        while !isOver { loop.runOnce(timeout: .milliseconds(100)) }
        report.seconds = seconds(since: start)
        for transport in transports { transport.close() }
    }

    private var isOver: Bool { inFlight == 0 && allSent }

    private var allSent: Bool {
        if let requests = plan.requests, next >= requests { return true }
        return plan.seconds.map { loop.now() - start >= .seconds($0) } ?? false
    }

    /// With a rate, time itself makes requests due.
    private func tick() {
        pump()
        guard plan.interval != nil, !allSent else { return }
        _ = loop.schedule(after: .milliseconds(1)) { [weak self] in self?.tick() }
    }

    private func pump() {
        for index in transports.indices {
            while room[index] > 0, !allSent {
                let due = plan.interval.map { start + $0 * Int(next) }
                let now = loop.now()
                if let due, now < due { return }
                room[index] -= 1
                send(on: index, due: due ?? now)
            }
        }
    }

    private func send(on index: Int, due: MonotonicTime) {
        let number = next
        next += 1
        inFlight += 1
        let body = template.request(number, ids: ids, time: wallClockNanoseconds())
        report.sentSpans += UInt64(template.spans)
        report.bytes += UInt64(body.count)
        transports[index].send(body) { [self] outcome in
            inFlight -= 1
            switch outcome {
            case .acknowledged:
                report.ackedSpans += UInt64(template.spans)
                report.ackedTraces += UInt64(template.completedTraces(by: number))
                report.latencies.add(nanoseconds: (loop.now() - due).wholeNanoseconds)
                acked.add(number)
                room[index] += 1
                pump()
            case .failed(let reason):
                report.countFailure(reason)
                _ = loop.schedule(after: Self.rest) { [weak self] in
                    self?.room[index] += 1
                    self?.pump()
                }
            }
        }
    }

    private func seconds(since start: MonotonicTime) -> Double {
        Double((loop.now() - start).wholeNanoseconds) / 1e9
    }
}
