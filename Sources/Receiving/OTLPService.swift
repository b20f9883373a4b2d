import Compression
import EventLoop
package import HTTP
import OTLP
package import SelfTelemetry
import TraceModel
import WireFormat

/// The OTLP door: gRPC, and HTTP with protobuf or JSON, for traces, metrics and logs. Checks everything, hands what is good
/// to the sink, and answers when the sink has. Lives on its server's loop.
package final class OTLPService: HTTPService {
    package struct Limits: Sendable {
        /// Of one request after decompression.
        package var maxMessageBytes = 16 << 20
        package init() {}
    }

    private let sink: any TelemetrySink
    private let counters: IngestCounters
    private let limits: Limits
    private let refusals: RefusalRing?
    private let decoder = BodyDecoder()
    private let collectsTraces: Bool
    private var scanner: TelemetryScanner
    /// Of the request in hand: what can be told of spans that were left out.
    private var badIDs: NamedIDs?

    /// - Parameter refusals: is told of everything that is turned away.
    package init(
        sink: any TelemetrySink, counters: IngestCounters, limits: Limits = Limits(), collectsTraces: Bool,
        refusals: RefusalRing? = nil
    ) {
        self.refusals = refusals
        self.sink = sink
        self.counters = counters
        self.limits = limits
        self.collectsTraces = collectsTraces
        scanner = TelemetryScanner(collectsTraces: collectsTraces)
    }

    // MARK: HTTPService

    package func admit(_ head: RequestHead) -> HTTPResponse? {
        do throws(IngestRoute.Refusal) {
            _ = try IngestRoute(head)
            return nil
        } catch {
            counters.countRefusedRequest(.unsupported)
            note(.unsupported, head, detail: error.reason)
            return IngestAnswer.failure(
                IngestRoute.isGRPC(head) ? .grpc : nil, status: error.status, reason: error.reason,
                headers: error.headers)
        }
    }

    package func serve(_ exchange: HTTPExchange) {
        // `admit` has let it through, so the head names a route.
        guard let route = try? IngestRoute(exchange.head) else { return }
        counters.countRequest(route.dialect == .grpc ? .grpc : .http)
        do throws(Refusal) {
            var telemetry = try unpack(exchange, route)
            try check(&telemetry)
            deliver(telemetry, exchange, route)
        } catch {
            counters.countRefusedRequest(error.counted)
            note(error.counted, exchange.head, route.kind, ids: error.ids, detail: error.reason)
            exchange.respond(IngestAnswer.failure(route.dialect, status: error.status, reason: error.reason))
        }
    }

    package func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        let counted: IngestCounters.Reason =
            switch status {
            case 413: .tooLarge
            case 503: .busy
            default: .slow
            }
        counters.countRefusedRequest(counted)
        note(counted, head, (try? IngestRoute(head))?.kind, detail: reason)
        return IngestAnswer.failure(
            (try? IngestRoute(head))?.dialect, status: status, reason: reason,
            retryAfter: status == 503 ? .seconds(1) : nil)
    }

    // MARK: unpacking

    private struct Refusal: Error {
        let status: Int
        let reason: String
        let counted: IngestCounters.Reason
        var ids: NamedIDs?
    }

    /// Takes the body out of the exchange and leads it to plain OTLP protobuf.
    private func unpack(_ exchange: HTTPExchange, _ route: IngestRoute) throws(Refusal) -> AcceptedTelemetry {
        var bytes = exchange.body
        exchange.body = []
        var payload = 0..<bytes.count
        var encoding = route.encoding
        if route.dialect == .grpc {
            do throws(GRPCFramingError) {
                let framed = try GRPCFraming.unary(bytes.span, limit: limits.maxMessageBytes)
                payload = framed.message
                if !framed.isCompressed { encoding = .identity }
            } catch {
                let tooLarge = error.status == .resourceExhausted
                throw Refusal(
                    status: tooLarge ? 413 : 400, reason: error.description, counted: tooLarge ? .tooLarge : .malformed)
            }
        }
        if encoding != .identity {
            bytes = try decompress(bytes.span.extracting(payload), encoding)
            payload = 0..<bytes.count
        }
        if route.dialect == .json {
            do throws(OTLPJSONError) {
                bytes = try OTLPJSON.protobuf(fromJSON: bytes.span, kind: route.kind)
            } catch {
                throw Refusal(status: 400, reason: error.description, counted: .malformed)
            }
            payload = 0..<bytes.count
        }
        let head = exchange.head
        // A sender without a number that can be read gets no protection from duplicates, rather than one number for all.
        let sequence = head.headers["x-hms-sequence"].flatMap { UInt64($0) }
        return AcceptedTelemetry(
            kind: route.kind, bytes: bytes, payload: payload, items: 0, runs: [], services: [],
            sender: sequence == nil ? nil : head.headers["x-hms-sender"], sequence: sequence ?? 0)
    }

    private func decompress(_ packed: Span<UInt8>, _ encoding: ContentEncoding) throws(Refusal) -> [UInt8] {
        var plain: [UInt8] = []
        do throws(CompressionError) {
            try decoder.decode(packed, as: encoding, limit: limits.maxMessageBytes, into: &plain)
            return plain
        } catch .tooLarge(let limit) {
            throw Refusal(
                status: 413, reason: "the body is over \(limit) bytes after \(encoding); send smaller batches",
                counted: .tooLarge)
        } catch {
            throw Refusal(status: 400, reason: "the body is not valid \(encoding): \(error)", counted: .encoding)
        }
    }

    // MARK: checking

    /// Scans the message, fills in what was found, and leaves out spans whose ids cannot stand.
    private func check(_ telemetry: inout AcceptedTelemetry) throws(Refusal) {
        if let valid = try scan(telemetry.bytes.span.extracting(telemetry.payload), telemetry.kind) {
            telemetry.bytes = valid
            telemetry.payload = 0..<valid.count
        }
        telemetry.items = scanner.items
        telemetry.runs = scanner.runs
        telemetry.services = scanner.services
    }

    /// What is left of the message when spans had to be left out; nil when all of it is good.
    private func scan(_ payload: Span<UInt8>, _ kind: SignalKind) throws(Refusal) -> [UInt8]? {
        do throws(WireError) {
            try scanner.scan(payload, as: kind)
            counters.receivedBytes.add(payload.count)
            guard scanner.refusedCount > 0 else { return nil }
            badIDs = named(payload, kind, onlyBad: true)
            var valid: [UInt8] = []
            _ = try SpanFilter.copyValid(payload, into: &valid)
            return valid
        } catch {
            throw Refusal(
                status: 400, reason: "malformed OTLP: \(error)", counted: .malformed,
                ids: named(payload, kind, onlyBad: false))
        }
    }

    private func deliver(_ telemetry: consuming AcceptedTelemetry, _ exchange: HTTPExchange, _ route: IngestRoute) {
        let (kind, items) = (telemetry.kind, telemetry.items)
        let rejected = scanner.refusedCount
        let message = scanner.refused.map { $0.reason }.joined(separator: "; ")
        counters.countReceived(kind, rejected)
        counters.countRejected(kind, rejected, .badIdentity)
        if rejected > 0 { note(.badIdentity, exchange.head, kind, items: rejected, ids: badIDs, detail: message) }
        let traces = refusals == nil ? [] : telemetry.runs.prefix(RefusalRing.maxIDs).map(\.traceID)
        guard items > 0 || !telemetry.payload.isEmpty else {
            exchange.respond(IngestAnswer.success(route, rejected: rejected, message: message))
            return
        }
        // Where traces are not collected the ids are read from the message, should it be refused.
        let unnamed = collectsTraces ? nil : (bytes: telemetry.bytes, payload: telemetry.payload)
        sink.accept(telemetry) { [self, counters] answer in
            counters.count(answer, kind, items)
            if case .busy(let reason, let retryAfter) = answer {
                let ids = unnamed.flatMap { named($0.bytes.span.extracting($0.payload), kind, onlyBad: false) }
                note(.busy, exchange.head, kind, items: items, traces: traces, ids: ids, detail: reason)
                exchange.respond(
                    IngestAnswer.failure(route.dialect, status: 503, reason: reason, retryAfter: retryAfter))
                return
            }
            exchange.respond(IngestAnswer.success(route, rejected: rejected, message: message))
        }
    }

    // MARK: telling of refusals

    private func named(_ payload: Span<UInt8>, _ kind: SignalKind, onlyBad: Bool) -> NamedIDs? {
        guard refusals != nil, kind == .traces else { return nil }
        return NamedIDs(in: payload, atMost: RefusalRing.maxIDs, onlyBad: onlyBad)
    }

    private func note(
        _ reason: IngestCounters.Reason, _ head: RequestHead, _ kind: SignalKind? = nil, items: Int = 0,
        traces: [TraceID] = [], ids: NamedIDs? = nil, detail: String
    ) {
        guard let refusals else { return }
        refusals.note(
            RefusalRing.Refusal(
                time: WallClock.unixNanoseconds(), reason: reason.rawValue, peer: head.peer?.description ?? "",
                door: IngestRoute.isGRPC(head) ? "grpc" : "http", signal: kind.map { "\($0)" } ?? "", items: items,
                traceIDs: ids?.traces ?? traces.map(\.description), spanIDs: ids?.spans ?? [], detail: detail))
    }
}
