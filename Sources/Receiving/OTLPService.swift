import Compression
package import HTTP
import OTLP
package import Refining
import SelfTelemetry
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
    private let decoder = BodyDecoder()
    private let refiner: Refiner?
    private let propagator = Propagator(reads: [.hms])
    private var scanner: TelemetryScanner

    /// - Parameter refiner: changes what was checked, before the sink gets it.
    package init(
        sink: any TelemetrySink, counters: IngestCounters, limits: Limits = Limits(), refiner: Refiner? = nil,
        collectsTraces: Bool
    ) {
        self.refiner = refiner
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

    package func serve(_ exchange: HTTPExchange) {
        // `admit` has let it through, so the head names a route.
        guard let route = try? IngestRoute(exchange.head) else { return }
        counters.countRequest(route.dialect == .grpc ? .grpc : .http)
        do throws(Refusal) {
            var telemetry = try unpack(exchange, route)
            if route.kind == .traces, let context = ownContext(exchange.head) { adopt(context, &telemetry) }
            try check(&telemetry)
            let outcome = try refine(&telemetry)
            deliver(telemetry, outcome, exchange, route)
        } catch {
            counters.countRefusedRequest(error.counted)
            answer(exchange, IngestAnswer.failure(route.dialect, status: error.status, reason: error.reason))
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
        return IngestAnswer.failure(
            (try? IngestRoute(head))?.dialect, status: status, reason: reason,
            retryAfter: status == 503 ? .seconds(1) : nil)
    }

    // MARK: unpacking

    private struct Refusal: Error {
        let status: Int
        let reason: String
        let counted: IngestCounters.Reason
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

    // MARK: x-hms-trace-id

    /// The trace that the request names for its spans; nil without the header, or if it is no good.
    private func ownContext(_ head: RequestHead) -> TraceContext? {
        guard head.headers[PropagationHeader.hms] != nil else { return nil }
        return propagator.extract { head.headers.values($0) }.context
    }

    /// Gives the trace to spans that name none. What is malformed is left for the scan to refuse.
    private func adopt(_ context: TraceContext, _ telemetry: inout AcceptedTelemetry) {
        if let adopted = Self.adopted(telemetry.bytes.span.extracting(telemetry.payload), context) {
            telemetry.bytes = adopted
            telemetry.payload = 0..<adopted.count
        }
    }

    private static func adopted(_ message: Span<UInt8>, _ context: TraceContext) -> [UInt8]? {
        var adopted: [UInt8] = []
        return (try? TraceAdoption.adopt(message, context, into: &adopted)) == true ? adopted : nil
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
            var valid: [UInt8] = []
            _ = try SpanFilter.copyValid(payload, into: &valid)
            return valid
        } catch {
            throw Refusal(status: 400, reason: "malformed OTLP: \(error)", counted: .malformed)
        }
    }

    private func refine(_ telemetry: inout AcceptedTelemetry) throws(Refusal) -> RefiningOutcome {
        guard let refiner, telemetry.items > 0 else { return RefiningOutcome() }
        var refined: [UInt8] = []
        let outcome: RefiningOutcome
        do throws(WireError) {
            outcome = try refiner.refine(
                telemetry.bytes.span.extracting(telemetry.payload), telemetry.kind, into: &refined)
        } catch {
            throw Refusal(status: 400, reason: "malformed OTLP: \(error)", counted: .malformed)
        }
        if outcome.isChanged {
            telemetry.bytes = refined
            telemetry.payload = 0..<refined.count
            telemetry.items -= outcome.sampledOut
            telemetry.sampledOut = outcome.sampledOut
        }
        return outcome
    }

    private func deliver(
        _ telemetry: consuming AcceptedTelemetry, _ outcome: RefiningOutcome, _ exchange: HTTPExchange,
        _ route: IngestRoute
    ) {
        let (kind, items) = (telemetry.kind, telemetry.items + telemetry.sampledOut)
        let rejected = scanner.refusedCount
        let message = scanner.refused.map { $0.reason }.joined(separator: "; ")
        counters.countReceived(kind, rejected)
        counters.countRejected(kind, rejected, .badIdentity)
        guard telemetry.items > 0 || (telemetry.sampledOut == 0 && !telemetry.payload.isEmpty) else {
            if telemetry.sampledOut > 0 {
                counters.countReceived(kind, items)
                counters.countAccepted(kind, items)
                counters.countRefined(kind, outcome)
                sink.noteSampledOut(kind, items)
            }
            answer(exchange, IngestAnswer.success(route, rejected: rejected, message: message))
            return
        }
        sink.accept(telemetry) { [counters] result in
            // Counted with its outcome, so that the sums agree whenever they are read.
            counters.countReceived(kind, items)
            switch result {
            case .accepted:
                counters.countAccepted(kind, items)
                counters.countRefined(kind, outcome)
            case .duplicate: counters.countDuplicate(kind, items)
            case .busy(let reason, let retryAfter):
                counters.countRejected(kind, items, .busy)
                answer(
                    exchange, IngestAnswer.failure(route.dialect, status: 503, reason: reason, retryAfter: retryAfter))
                return
            }
            answer(exchange, IngestAnswer.success(route, rejected: rejected, message: message))
        }
    }
}

/// A request that named its trace has the header again on its answer.
private func answer(_ exchange: HTTPExchange, _ response: HTTPResponse) {
    var response = response
    if let value = exchange.head.headers[PropagationHeader.hms] {
        response.headers.add(PropagationHeader.hms, printable(value))
    }
    exchange.respond(response)
}
