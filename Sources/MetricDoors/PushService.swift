import Compression
import EventLoop
package import HTTP
import JSON
package import Receiving
import SelfTelemetry
import WireFormat

/// The push door: `POST /metrics` and `POST /ingest` take metrics as JSON, `GET /metrics` shows what was pushed, and what StatsD
/// gathered, to a Prometheus. Lives on its server's loop.
package final class PushService: HTTPService {
    package struct Limits: Sendable {
        /// Of one body, as it comes and unpacked.
        package var maxBodyBytes = 1 << 20
        package init() {}
    }

    private let sink: any TelemetrySink
    private let ingest: IngestCounters
    private let exposition: ExpositionTable
    private let limits: Limits
    private let clock: () -> UInt64
    private let decoder = BodyDecoder()
    /// Of the last data point; times of one door never repeat.
    private var lastTime: UInt64 = 0

    package init(
        sink: any TelemetrySink, ingest: IngestCounters, exposition: ExpositionTable, limits: Limits = Limits(),
        clock: @escaping () -> UInt64 = wallClockNanoseconds
    ) {
        self.sink = sink
        self.ingest = ingest
        self.exposition = exposition
        self.limits = limits
        self.clock = clock
    }

    // MARK: HTTPService

    package func admit(_ head: RequestHead) -> HTTPResponse? {
        guard head.path == "/metrics" || head.path == "/ingest" else {
            return refuse(404, "there are GET and POST /metrics, and POST /ingest", .unsupported)
        }
        let isRead = head.method == "GET" || head.method == "HEAD"
        guard head.method == "POST" || isRead && head.path == "/metrics" else {
            var response = refuse(405, "use POST\(head.path == "/metrics" ? " or GET" : "")", .unsupported)
            response.headers.add("allow", head.path == "/metrics" ? "GET, HEAD, POST" : "POST")
            return response
        }
        guard !isRead else { return nil }
        guard head.headers["origin"] == nil else {
            // Only browsers send it: a page of whatever origin must not write here through its reader's machine.
            return refuse(403, "pages of the web may not push metrics", .unsupported)
        }
        guard ContentEncoding(headerValue: head.headers["content-encoding"] ?? "") != nil else {
            return refuse(415, "the content encoding is not gzip, deflate, zstd or identity", .unsupported)
        }
        if let length = head.contentLength, length > limits.maxBodyBytes {
            return refuse(413, "the body is over \(limits.maxBodyBytes) bytes; send fewer values at once", .tooLarge)
        }
        return nil
    }

    package func serve(_ exchange: HTTPExchange) {
        guard exchange.head.method == "POST" else {
            return exchange.respond(
                HTTPResponse(
                    status: 200, headers: HTTPHeaders([("content-type", ExpositionTable.contentType)]),
                    body: exposition.render()))
        }
        ingest.countRequest(.push)
        // Reserved before it is unpacked, as its length is known only then.
        let room = limits.maxBodyBytes * Self.parsedRatio
        guard exchange.share.grow(by: room) else { return exchange.respond(busy()) }
        defer { exchange.share.shrink(by: room) }
        guard let body = unpack(exchange) else { return }
        do throws(PushedMetrics.Refusal) {
            accept(try PushedMetrics(body), exchange)
        } catch {
            exchange.respond(refuse(400, error.description, .malformed))
        }
    }

    /// What a body takes at most, in bodies of the greatest length: as a tree and as samples.
    private static let parsedRatio = 8

    private func busy() -> HTTPResponse {
        refuse(503, "too much is being received at once; send it again later", .busy, retryAfter: .seconds(1))
    }

    package func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        let counted: IngestCounters.Reason =
            switch status {
            case 413: .tooLarge
            case 503: .busy
            case 401: .unauthenticated
            case 403: .forbidden
            case 429: .limited
            default: .slow
            }
        return refuse(status, reason, counted, retryAfter: status == 503 ? .seconds(1) : nil)
    }

    // MARK: pushing

    /// Nil when the request has been answered.
    private func unpack(_ exchange: HTTPExchange) -> [UInt8]? {
        let packed = exchange.body
        exchange.body = []
        let encoding = ContentEncoding(headerValue: exchange.head.headers["content-encoding"] ?? "") ?? .identity
        var body: [UInt8] = []
        do throws(CompressionError) {
            try decoder.decode(packed.span, as: encoding, limit: limits.maxBodyBytes, into: &body)
            return body
        } catch .tooLarge(let limit) {
            exchange.respond(refuse(413, "the body is over \(limit) bytes; send fewer values at once", .tooLarge))
        } catch {
            exchange.respond(refuse(400, "\(error)", .encoding))
        }
        return nil
    }

    private func accept(_ pushed: PushedMetrics, _ exchange: HTTPExchange) {
        let count = pushed.samples.count
        guard count > 0 else { return exchange.respond(Self.accepted(0)) }
        let now = max(clock(), lastTime + 2)
        lastTime = now + UInt64(count)
        let families = pushed.families(now: now)
        var writer = ProtobufWriter(capacity: count * 64)
        // One message however long, so that a body is accepted or refused whole: messages concatenate.
        for message in OTLPMetricsWriter.messages(families, resource: [], scope: "hms.push") {
            writer.append(message.bytes.span)
        }
        let telemetry = AcceptedTelemetry(
            kind: .metrics, bytes: writer.bytes, payload: 0..<writer.bytes.count, items: count)
        guard exchange.share.grow(by: writer.bytes.count) else { return exchange.respond(busy()) }
        ingest.receivedBytes.add(writer.bytes.count)
        sink.accept(telemetry, exchange.share) { [ingest, exposition] answer in
            ingest.count(answer, .metrics, count)
            switch answer {
            case .accepted, .partlyDuplicate: exposition.note(families, now: now)
            case .duplicate: break
            case .busy(let reason, let retryAfter):
                exchange.respond(Self.failure(503, reason, retryAfter: retryAfter))
                return
            case .tooLarge(let reason):
                exchange.respond(Self.failure(413, reason, retryAfter: nil))
                return
            }
            exchange.respond(Self.accepted(count))
        }
    }

    private func refuse(
        _ status: Int, _ reason: String, _ counted: IngestCounters.Reason, retryAfter: Duration? = nil
    ) -> HTTPResponse {
        ingest.countRefusedRequest(counted)
        return Self.failure(status, reason, retryAfter: retryAfter)
    }

    // MARK: answers

    private static func accepted(_ count: Int) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.key("accepted")
            json.number(count)
        }
        return HTTPResponse(
            status: 200, headers: HTTPHeaders([("content-type", "application/json")]), body: json.bytes)
    }

    /// As the collector's API says what is wrong.
    private static func failure(_ status: Int, _ reason: String, retryAfter: Duration?) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.key("error")
            json.object { json in
                json.key("code")
                json.number(status)
                json.key("message")
                json.string(reason)
            }
        }
        var response = HTTPResponse(
            status: status, headers: HTTPHeaders([("content-type", "application/json")]), body: json.bytes)
        if let retryAfter { response.headers.add("retry-after", String(max(1, retryAfter.components.seconds))) }
        return response
    }
}
