package import EventLoop
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
    private let intake: TelemetryIntake
    private let makeIntake: @Sendable () -> TelemetryIntake
    private let loop: EventLoop?
    private let budget: ByteBudget
    private let refusals: RefusalRing?
    private let collectsTraces: Bool
    private let propagator = Propagator(reads: [.hms])
    private var heavy: HeavyIntake?

    /// - Parameters:
    ///   - loop: the server's; without it bodies that take long are unpacked while everybody waits.
    ///   - budget: what the exchanges' shares are of.
    ///   - refusals: is told of everything that is turned away.
    package init(
        sink: any TelemetrySink, counters: IngestCounters, limits: Limits = Limits(), collectsTraces: Bool,
        loop: EventLoop? = nil, budget: ByteBudget = ByteBudget(limit: .max), refusals: RefusalRing? = nil
    ) {
        self.sink = sink
        self.counters = counters
        self.limits = limits
        self.loop = loop
        self.budget = budget
        self.refusals = refusals
        self.collectsTraces = collectsTraces
        let namesIDs = refusals != nil
        makeIntake = {
            TelemetryIntake(
                maxMessageBytes: limits.maxMessageBytes, collectsTraces: collectsTraces, counters: counters,
                namesIDs: namesIDs)
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
            note(.unsupported, head, detail: error.reason)
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
            note(refusal.counted, head, detail: refusal.reason)
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
            sequence: sequence ?? 0, context: ownContext(head))
        exchange.body = []
        guard let outcome = unpack(consume job, exchange, route) else { return }
        // The body as it came is gone by now.
        deliver(consume outcome, exchange, route)
    }

    /// Nil where it has been answered, or goes on apart.
    private func unpack(
        _ job: consuming TelemetryIntake.Job, _ exchange: HTTPExchange, _ route: IngestRoute
    ) -> TelemetryIntake.Outcome? {
        do throws(TelemetryIntake.Failure) {
            return try intake.run(job, exchange.share, quickly: loop != nil)
        } catch {
            switch error {
            case .heavy: unpackApart(job, exchange, route)
            case .refused(let refusal): refuse(exchange, route, refusal)
            }
            return nil
        }
    }

    private func unpackApart(_ job: TelemetryIntake.Job, _ exchange: HTTPExchange, _ route: IngestRoute) {
        guard let heavy = heavyIntake() else {
            refuse(exchange, route, TelemetryIntake.Refusal(status: 503, reason: "no thread left", counted: .busy))
            return
        }
        heavy.run(job, exchange.share) { [weak self] result in
            guard let self else { return }
            switch consume result {
            case .success(let outcome): deliver(consume outcome, exchange, route)
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
        note(refusal.counted, exchange.head, route.kind, ids: refusal.ids, detail: refusal.reason)
        reply(
            exchange,
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
            case 403: .forbidden
            case 429: .limited
            default: .slow
            }
        counters.countRefusedRequest(counted)
        note(counted, head, (try? IngestRoute(head))?.kind, detail: reason)
        return IngestAnswer.failure(
            (try? IngestRoute(head))?.dialect, status: status, reason: reason,
            retryAfter: status == 503 || status == 429 ? .seconds(1) : nil)
    }

    private func deliver(_ outcome: consuming TelemetryIntake.Outcome, _ exchange: HTTPExchange, _ route: IngestRoute) {
        let (telemetry, rejected, message) = (outcome.telemetry, outcome.rejected, outcome.message)
        let (kind, items) = (telemetry.kind, telemetry.items)
        counters.countReceived(kind, rejected)
        counters.countRejected(kind, rejected, .badIdentity)
        if rejected > 0 {
            note(.badIdentity, exchange.head, kind, items: rejected, ids: outcome.badIDs, detail: message)
        }
        let traces = refusals == nil ? [] : telemetry.runs.prefix(RefusalRing.maxIDs).map(\.traceID)
        guard items > 0 || !telemetry.payload.isEmpty else {
            reply(exchange, IngestAnswer.success(route, rejected: rejected, message: message))
            return
        }
        let ids = ids(of: telemetry)
        let share = exchange.share
        sink.accept(telemetry, share) { [self, counters] answer in
            // The sink is done with the bytes, or answers for them from now on.
            share.giveBack()
            counters.count(answer, kind, items)
            switch answer {
            case .accepted, .duplicate, .partlyDuplicate:
                reply(exchange, IngestAnswer.success(route, rejected: rejected, message: message))
            case .busy(let reason, let retryAfter):
                note(.busy, exchange.head, kind, items: items, traces: traces, ids: ids(), detail: reason)
                reply(
                    exchange, IngestAnswer.failure(route.dialect, status: 503, reason: reason, retryAfter: retryAfter))
            case .tooLarge(let reason):
                note(.tooLarge, exchange.head, kind, items: items, traces: traces, ids: ids(), detail: reason)
                reply(exchange, IngestAnswer.failure(route.dialect, status: 413, reason: reason))
            }
        }
    }

    /// Where traces are not collected the ids are read from the message: should it be refused, or before, if it is too large to
    /// be kept for that.
    private func ids(of telemetry: AcceptedTelemetry) -> () -> NamedIDs? {
        guard !collectsTraces, refusals != nil, telemetry.kind == .traces else { return { nil } }
        let (bytes, payload) = (telemetry.bytes, telemetry.payload)
        guard payload.count >= AcceptedTelemetry.largeBytes else {
            return { NamedIDs(bytes.span.extracting(payload)) }
        }
        let ids = NamedIDs(bytes.span.extracting(payload))
        return { ids }
    }

    // MARK: x-hms-trace-id

    /// The trace that the request names for its spans; nil without the header, or if it is no good.
    private func ownContext(_ head: RequestHead) -> TraceContext? {
        guard head.headers[PropagationHeader.hms] != nil else { return nil }
        return propagator.extract { head.headers.values($0) }.context
    }

    /// A request that named its trace has the header again on its answer.
    private func reply(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        var response = response
        if let value = exchange.head.headers[PropagationHeader.hms] {
            response.headers.add(PropagationHeader.hms, printable(value))
        }
        exchange.respond(response)
    }

    // MARK: telling of refusals

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
