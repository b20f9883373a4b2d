import Compression
import EventLoop
import HTTP
import Receiving
import SelfTelemetry
import WireFormat

/// One target of a scraper: asks, reads, hands on, and waits for its next turn. Lives on the scraper's loop.
final class ScrapeTask {
    private struct Failure: Error {
        let reason: String
        let counted: IngestCounters.Reason
    }

    let interval: Duration
    private let timeout: Duration
    private let loop: EventLoop
    private let target: ScrapeTarget
    private let client: HTTP1Client?
    private let queue: DeliveryQueue
    private let ingest: IngestCounters
    private let log: Log
    private let options: Scraper.Options
    private let clock: () -> UInt64
    private let decoder = BodyDecoder()
    private var memory = ScrapeMemory()
    private let share: BudgetShare
    private var timer: Timer?
    private var next: MonotonicTime
    private var wasUp = true

    init(
        loop: EventLoop, target: ScrapeTarget, endpoint: HTTPEndpoint?, queue: DeliveryQueue, ingest: IngestCounters,
        log: Log, options: Scraper.Options, clock: @escaping () -> UInt64
    ) {
        interval = target.interval ?? options.interval
        timeout = min(target.timeout ?? options.timeout, interval)
        self.loop = loop
        self.target = target
        self.queue = queue
        self.ingest = ingest
        self.log = log
        self.options = options
        self.clock = clock
        share = BudgetShare(of: options.memory)
        next = loop.now()
        var clientOptions = HTTPClientOptions()
        clientOptions.maxConnections = 1
        clientOptions.maxResponseBytes = options.maxBytes
        clientOptions.responseMemory = options.answers
        clientOptions.maxIdle = interval + .seconds(5)
        clientOptions.failsWhenConnectFails = true
        // The interval is the pause between attempts.
        clientOptions.backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(1))
        client = endpoint.map { HTTP1Client(loop: loop, endpoint: $0, options: clientOptions) }
    }

    func start(after delay: Duration) {
        next = loop.now() + delay
        schedule()
    }

    func close() {
        timer?.cancel()
        timer = nil
        client?.close()
    }

    private func schedule() {
        timer = loop.schedule(after: next - loop.now()) { [weak self] in self?.scrape() }
    }

    private func scrape() {
        let began = loop.now()
        // From the planned time, so that delays do not add up; turns that were missed are left out.
        next = next + interval
        if next <= began { next = began + interval }
        schedule()
        ingest.countRequest(.scrape)
        let asked = clock()
        guard let client else {
            return finish(.failure(Failure(reason: "its name was not found at start", counted: .slow)), asked, began)
        }
        let request = HTTPClientRequest(method: "GET", path: target.path, headers: headers)
        client.send(request, deadline: timeout) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let response): finish(read(response, asked), asked, began)
            case .failure(let error):
                // The scraper is being closed: that says nothing about the target.
                if error.reason == .closed { return }
                var counted = IngestCounters.Reason.slow
                if case .responseTooLarge = error.reason { counted = .tooLarge }
                finish(.failure(Failure(reason: "\(error)", counted: counted)), asked, began)
            }
        }
    }

    private var headers: HTTPHeaders {
        HTTPHeaders([
            ("accept", "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.8,*/*;q=0.1"),
            ("accept-encoding", "gzip"), ("user-agent", "hms-sidecar"),
        ])
    }

    // MARK: what came

    private func read(_ response: HTTPClientResponse, _ asked: UInt64) -> Result<[MetricFamily], Failure> {
        do throws(Failure) {
            let exposition = try parse(response)
            return .success(try remember(exposition, asked))
        } catch {
            return .failure(error)
        }
    }

    private func remember(_ exposition: Exposition, _ asked: UInt64) throws(Failure) -> [MetricFamily] {
        var later = memory
        let families = later.families(exposition, now: asked)
        let bytes = later.seriesCount * ScrapeMemory.seriesBytes
        guard bytes <= share.bytes || share.grow(by: bytes - share.bytes) else {
            throw Failure(
                reason: "all targets together count too many series; scrape fewer, or lower 'scrape.max_series'",
                counted: .tooLarge)
        }
        if bytes < share.bytes { share.shrink(by: share.bytes - bytes) }
        memory = later
        return families
    }

    private func parse(_ response: HTTPClientResponse) throws(Failure) -> Exposition {
        guard response.status == 200 else {
            // Also redirects: what they point to was not configured.
            throw Failure(reason: "it answers with status \(response.status)", counted: .unsupported)
        }
        guard let encoding = ContentEncoding(headerValue: response.headers["content-encoding"] ?? "") else {
            throw Failure(reason: "its content encoding was not asked for", counted: .encoding)
        }
        var text: [UInt8] = []
        do throws(CompressionError) {
            try decoder.decode(response.body.span, as: encoding, limit: options.maxBytes, into: &text)
        } catch .tooLarge(let limit) {
            throw Failure(reason: "it exposes over \(limit) bytes; raise 'scrape.max_bytes'", counted: .tooLarge)
        } catch {
            throw Failure(reason: "\(error)", counted: .encoding)
        }
        let isOpenMetrics = response.headers["content-type"]?.hasPrefix("application/openmetrics-text") ?? false
        let exposition: Exposition
        do throws(Exposition.Limit) {
            exposition = try ExpositionParser.parse(text, isOpenMetrics: isOpenMetrics, maxSamples: options.maxSeries)
        } catch {
            throw Failure(reason: "it exposes \(error)", counted: .tooLarge)
        }
        if let fault = exposition.firstFault {
            let reason = "\(exposition.faultCount) lines cannot be read, the first is \(fault.line): \(fault.reason)"
            guard exposition.sampleCount > 0 else { throw Failure(reason: reason, counted: .malformed) }
            log.warning(
                "scrape_lines", "a target exposes what is no metric", ["target": target.text, "reason": reason])
        }
        return exposition
    }

    /// Hands on what was read, and what says that the target was there.
    private func finish(_ result: Result<[MetricFamily], Failure>, _ asked: UInt64, _ began: MonotonicTime) {
        var families: [MetricFamily] = []
        switch result {
        case .success(let found):
            families = found
            if !wasUp { log.info("scrape_recovered", "a target answers again", ["target": target.text]) }
            wasUp = true
        case .failure(let failure):
            ingest.countRefusedRequest(failure.counted)
            if wasUp {
                log.warning(
                    "scrape_failed", "a target is not read; it is asked again",
                    ["target": target.text, "reason": failure.reason])
            }
            wasUp = false
        }
        let samples = families.reduce(0) { $0 + $1.points.count }
        let duration = Double((loop.now() - began).nanosecondsClamped) / 1e9
        families += [
            gauge("up", "Whether the target was read.", "", wasUp ? 1 : 0, asked),
            gauge("scrape_duration_seconds", "From the request to the end of reading.", "s", duration, asked),
            gauge("scrape_samples_scraped", "Data points that were read.", "", Double(samples), asked),
        ]
        let resource = [
            Label("service.name", target.job ?? target.instance), Label("service.instance.id", target.instance),
        ]
        for message in OTLPMetricsWriter.messages(families, resource: resource, scope: "hms.scrape") {
            queue.add(.metrics, message.bytes, items: message.items)
        }
    }

    private func gauge(_ name: String, _ help: String, _ unit: String, _ value: Double, _ time: UInt64) -> MetricFamily
    {
        MetricFamily(
            name: name, description: help, unit: unit, shape: .gauge,
            points: [MetricPoint(attributes: [], time: time, value: .double(value))])
    }
}
