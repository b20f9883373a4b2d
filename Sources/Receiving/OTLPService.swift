package import EventLoop
package import HTTP
import OTLP
import SelfTelemetry

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
    private let intake: TelemetryIntake
    private let makeIntake: @Sendable () -> TelemetryIntake
    private let loop: EventLoop?
    private let budget: ByteBudget
    private var heavy: HeavyIntake?

    /// - Parameters:
    ///   - loop: the server's; without it bodies that take long are unpacked while everybody waits.
    ///   - budget: what the exchanges' shares are of.
    package init(
        sink: any TelemetrySink, counters: IngestCounters, limits: Limits = Limits(), collectsTraces: Bool,
        loop: EventLoop? = nil, budget: ByteBudget = ByteBudget(limit: .max)
    ) {
        self.sink = sink
        self.counters = counters
        self.limits = limits
        self.loop = loop
        self.budget = budget
        makeIntake = {
            TelemetryIntake(
                maxMessageBytes: limits.maxMessageBytes, collectsTraces: collectsTraces, counters: counters)
        }
        intake = makeIntake()
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
            let refusal = TelemetryIntake.refusal(for: error)
            counters.countRequest(.grpc)
            counters.countRefusedRequest(refusal.counted)
            return .refuse(IngestAnswer.failure(.grpc, status: refusal.status, reason: refusal.reason))
        }
    }

    package func serve(_ exchange: HTTPExchange) {
        // `admit` has let it through, so the head names a route.
        guard let route = try? IngestRoute(exchange.head) else { return }
        counters.countRequest(route.dialect == .grpc ? .grpc : .http)
        let head = exchange.head
        // A sender without a number that can be read gets no protection from duplicates, rather than one number for all.
        let sequence = head.headers["x-hms-sequence"].flatMap { UInt64($0) }
        let job = TelemetryIntake.Job(
            route: route, bytes: exchange.body, sender: sequence == nil ? nil : head.headers["x-hms-sender"],
            sequence: sequence ?? 0)
        exchange.body = []
        do throws(TelemetryIntake.Failure) {
            deliver(try intake.run(job, exchange.share, quickly: loop != nil), exchange, route)
        } catch {
            switch error {
            case .heavy: unpackApart(job, exchange, route)
            case .refused(let refusal): refuse(exchange, route, refusal)
            }
        }
    }

    private func unpackApart(_ job: TelemetryIntake.Job, _ exchange: HTTPExchange, _ route: IngestRoute) {
        guard let heavy = heavyIntake() else {
            refuse(exchange, route, TelemetryIntake.Refusal(status: 503, reason: "no thread left", counted: .busy))
            return
        }
        heavy.run(job, exchange.share) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let outcome): deliver(outcome, exchange, route)
            case .failure(.refused(let refusal)): refuse(exchange, route, refusal)
            case .failure(.heavy): preconditionFailure("the thread for heavy bodies takes all")
            }
        }
    }

    private func heavyIntake() -> HeavyIntake? {
        if heavy == nil, let loop {
            heavy = try? HeavyIntake(loop: loop, budget: budget, makeIntake: makeIntake)
        }
        return heavy
    }

    private func refuse(_ exchange: HTTPExchange, _ route: IngestRoute, _ refusal: TelemetryIntake.Refusal) {
        counters.countRefusedRequest(refusal.counted)
        exchange.respond(
            IngestAnswer.failure(
                route.dialect, status: refusal.status, reason: refusal.reason,
                retryAfter: refusal.status == 503 ? .seconds(1) : nil))
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

    private func deliver(_ outcome: TelemetryIntake.Outcome, _ exchange: HTTPExchange, _ route: IngestRoute) {
        let (telemetry, rejected, message) = (outcome.telemetry, outcome.rejected, outcome.message)
        let (kind, items) = (telemetry.kind, telemetry.items)
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
