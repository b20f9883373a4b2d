import Compression
import EventLoop
package import HTTP
import OTLP
import SelfTelemetry
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
    private let decoder = BodyDecoder()
    private var scanner: TelemetryScanner

    package init(sink: any TelemetrySink, counters: IngestCounters, limits: Limits = Limits(), collectsTraces: Bool) {
        self.sink = sink
        self.counters = counters
        self.limits = limits
        scanner = TelemetryScanner(collectsTraces: collectsTraces)
    }

    // MARK: HTTPService

    package func admit(_ head: RequestHead) -> HTTPResponse? {
        do throws(IngestRoute.Refusal) {
            _ = try IngestRoute(head)
            return nil
        } catch {
            counters.countRefusedRequest(.unsupported)
            return IngestAnswer.failure(
                IngestRoute.isGRPC(head) ? .grpc : nil, status: error.status, reason: error.reason,
                headers: error.headers)
        }
    }

    /// The frame of a gRPC message tells its length before the message comes.
    package func plan(_ head: RequestHead, beginning: [UInt8]) -> BodyPlan {
        guard IngestRoute.isGRPC(head) else { return .unknown }
        do throws(GRPCFramingError) {
            guard let prefix = try GRPCFraming.prefix(of: beginning.span, limit: limits.maxMessageBytes) else {
                return .unknown
            }
            return .length(prefix.length + GRPCFraming.prefixLength)
        } catch {
            let refusal = Self.refusal(for: error)
            counters.countRequest(.grpc)
            counters.countRefusedRequest(refusal.counted)
            return .refuse(IngestAnswer.failure(.grpc, status: refusal.status, reason: refusal.reason))
        }
    }

    package func serve(_ exchange: HTTPExchange) {
        // `admit` has let it through, so the head names a route.
        guard let route = try? IngestRoute(exchange.head) else { return }
        counters.countRequest(route.dialect == .grpc ? .grpc : .http)
        do throws(Refusal) {
            var telemetry = try unpack(exchange, route)
            try check(&telemetry, exchange.share)
            deliver(telemetry, exchange, route)
        } catch {
            counters.countRefusedRequest(error.counted)
            exchange.respond(
                IngestAnswer.failure(
                    route.dialect, status: error.status, reason: error.reason,
                    retryAfter: error.status == 503 ? .seconds(1) : nil))
        }
    }

    package func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        let counted: IngestCounters.Reason =
            switch status {
            case 413: .tooLarge
            case 503: .busy
            case 401: .unauthenticated
            case 429: .limited
            default: .slow
            }
        counters.countRefusedRequest(counted)
        return IngestAnswer.failure(
            (try? IngestRoute(head))?.dialect, status: status, reason: reason,
            retryAfter: status == 503 || status == 429 ? .seconds(1) : nil)
    }

    // MARK: unpacking

    private struct Refusal: Error {
        let status: Int
        let reason: String
        let counted: IngestCounters.Reason

        static let busy = Refusal(
            status: 503, reason: "too much is being received at once; send it again later", counted: .busy)
    }

    private static func refusal(for error: GRPCFramingError) -> Refusal {
        let tooLarge = error.status == .resourceExhausted
        return Refusal(
            status: tooLarge ? 413 : 400, reason: error.description, counted: tooLarge ? .tooLarge : .malformed)
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
                throw Self.refusal(for: error)
            }
        }
        if encoding != .identity {
            let packed = bytes.count
            bytes = try decompress(bytes.span.extracting(payload), encoding, exchange.share)
            exchange.share.shrink(by: packed)
            payload = 0..<bytes.count
        }
        if route.dialect == .json {
            let text = bytes.count
            bytes = try protobuf(fromJSON: bytes, route.kind, exchange.share)
            exchange.share.shrink(by: text)
            payload = 0..<bytes.count
        }
        let head = exchange.head
        // A sender without a number that can be read gets no protection from duplicates, rather than one number for all.
        let sequence = head.headers["x-hms-sequence"].flatMap { UInt64($0) }
        return AcceptedTelemetry(
            kind: route.kind, bytes: bytes, payload: payload, items: 0, runs: [], services: [],
            sender: sequence == nil ? nil : head.headers["x-hms-sender"], sequence: sequence ?? 0)
    }

    /// Unpacks no more than the budget has left, and reserves the length of what came out.
    private func decompress(
        _ packed: Span<UInt8>, _ encoding: ContentEncoding, _ share: BudgetShare
    ) throws(Refusal) -> [UInt8] {
        let room = share.grow(upTo: limits.maxMessageBytes)
        var plain: [UInt8] = []
        defer { share.shrink(by: room - plain.count) }
        do throws(CompressionError) {
            try decoder.decode(packed, as: encoding, limit: room, into: &plain)
            return plain
        } catch .tooLarge(let limit) {
            guard limit == limits.maxMessageBytes else { throw .busy }
            throw Refusal(
                status: 413, reason: "the body is over \(limit) bytes after \(encoding); send smaller batches",
                counted: .tooLarge)
        } catch {
            throw Refusal(status: 400, reason: "the body is not valid \(encoding): \(error)", counted: .encoding)
        }
    }

    /// The same for JSON, of which protobuf may need more bytes: a small number takes eight.
    private func protobuf(
        fromJSON text: [UInt8], _ kind: SignalKind, _ share: BudgetShare
    ) throws(Refusal) -> [UInt8] {
        let room = share.grow(upTo: limits.maxMessageBytes)
        var message: [UInt8] = []
        defer { share.shrink(by: room - message.count) }
        do throws(OTLPJSONError) {
            message = try OTLPJSON.protobuf(fromJSON: text, kind: kind, limit: room)
            return message
        } catch {
            guard case .tooLarge = error.reason else {
                throw Refusal(status: 400, reason: error.description, counted: .malformed)
            }
            guard room == limits.maxMessageBytes else { throw .busy }
            throw Refusal(
                status: 413, reason: "the body is over \(room) bytes as protobuf; send smaller batches",
                counted: .tooLarge)
        }
    }

    // MARK: checking

    /// Scans the message, fills in what was found, and leaves out spans whose ids cannot stand.
    private func check(_ telemetry: inout AcceptedTelemetry, _ share: BudgetShare) throws(Refusal) {
        if let valid = try scan(telemetry.bytes.span.extracting(telemetry.payload), telemetry.kind, share) {
            share.shrink(by: telemetry.bytes.count)
            telemetry.bytes = valid
            telemetry.payload = 0..<valid.count
        }
        telemetry.items = scanner.items
        telemetry.runs = scanner.runs
        telemetry.services = scanner.services
    }

    /// What is left of the message when spans had to be left out; nil when all of it is good.
    private func scan(
        _ payload: Span<UInt8>, _ kind: SignalKind, _ share: BudgetShare
    ) throws(Refusal) -> [UInt8]? {
        do throws(WireError) {
            try scanner.scan(payload, as: kind)
            counters.receivedBytes.add(payload.count)
            guard scanner.refusedCount > 0 else { return nil }
        } catch {
            throw Refusal(status: 400, reason: "malformed OTLP: \(error)", counted: .malformed)
        }
        return try filter(payload, share)
    }

    private func filter(_ payload: Span<UInt8>, _ share: BudgetShare) throws(Refusal) -> [UInt8] {
        guard share.grow(by: payload.count) else { throw .busy }
        do throws(WireError) {
            var valid: [UInt8] = []
            defer { share.shrink(by: payload.count - valid.count) }
            _ = try SpanFilter.copyValid(payload, into: &valid)
            return valid
        } catch {
            throw Refusal(status: 400, reason: "malformed OTLP: \(error)", counted: .malformed)
        }
    }

    private func deliver(_ telemetry: consuming AcceptedTelemetry, _ exchange: HTTPExchange, _ route: IngestRoute) {
        let (kind, items) = (telemetry.kind, telemetry.items)
        let rejected = scanner.refusedCount
        let message = scanner.refused.map { $0.reason }.joined(separator: "; ")
        counters.countReceived(kind, rejected)
        counters.countRejected(kind, rejected, .badIdentity)
        guard items > 0 || !telemetry.payload.isEmpty else {
            exchange.respond(IngestAnswer.success(route, rejected: rejected, message: message))
            return
        }
        let share = exchange.share
        sink.accept(telemetry) { [counters] answer in
            // The sink is done with the bytes, or answers for them from now on.
            share.giveBack()
            // Counted with its outcome, so that the sums agree whenever they are read.
            counters.countReceived(kind, items)
            switch answer {
            case .accepted: counters.countAccepted(kind, items)
            case .duplicate: counters.countDuplicate(kind, items)
            case .busy(let reason, let retryAfter):
                counters.countRejected(kind, items, .busy)
                exchange.respond(
                    IngestAnswer.failure(route.dialect, status: 503, reason: reason, retryAfter: retryAfter))
                return
            }
            exchange.respond(IngestAnswer.success(route, rejected: rejected, message: message))
        }
    }
}
