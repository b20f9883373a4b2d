import Compression
import EventLoop
import OTLP
import Refining
import SelfTelemetry
import TraceModel
import WireFormat

/// Leads bodies to plain, checked OTLP protobuf: out of the gRPC frame, decompressed, from JSON, scanned. Keeps its tables
/// between bodies, so one serves one thread.
final class TelemetryIntake {
    /// A request's body and what its head says. Its reservation travels with it from thread to thread.
    struct Job: Sendable {
        let route: IngestRoute
        let bytes: [UInt8]
        let sender: String?
        let sequence: UInt64
        /// The trace that the request names for spans that name none.
        var context: TraceContext?
    }

    struct Outcome: Sendable {
        let telemetry: AcceptedTelemetry
        let rejected: Int
        /// Why, for the sender.
        let message: String
        /// Of the spans that were left out.
        let badIDs: NamedIDs?
    }

    struct Refusal: Error, Sendable {
        let status: Int
        let reason: String
        let counted: IngestCounters.Reason
        var ids: NamedIDs?
    }

    enum Failure: Error, Sendable {
        case refused(Refusal)
        /// It would take too long for a thread on which others wait.
        case heavy

        static func refused(_ status: Int, _ reason: String, _ counted: IngestCounters.Reason) -> Failure {
            .refused(Refusal(status: status, reason: reason, counted: counted))
        }

        static let busy = refused(503, "too much is being received at once; send it again later", .busy)
    }

    /// What is done at once, in a millisecond or two; measured at 2 GB/s for zstd and scanning, 400 MB/s for gzip, and
    /// 80 MB/s for JSON.
    private static let quickBytes = 2 << 20
    private static let quickGzipBytes = 512 << 10
    private static let quickJSONBytes = 128 << 10

    private static let fewRuns = 4096

    private let maxMessageBytes: Int
    private let counters: IngestCounters
    /// Whether the ids of what is turned away are read, to be told.
    private let namesIDs: Bool
    private let decoder = BodyDecoder()
    private var badIDs: NamedIDs?
    private var scanner: TelemetryScanner

    init(maxMessageBytes: Int, collectsTraces: Bool, counters: IngestCounters, namesIDs: Bool) {
        self.maxMessageBytes = maxMessageBytes
        self.counters = counters
        self.namesIDs = namesIDs
        scanner = TelemetryScanner(collectsTraces: collectsTraces)
    }

    /// - Parameters:
    ///   - share: stands for the job's bytes, and afterwards for those of the telemetry.
    ///   - quickly: whether to give up with `heavy`, with the share as it was, instead of taking long.
    func run(_ job: Job, _ share: BudgetShare, quickly: Bool) throws(Failure) -> Outcome {
        let route = job.route
        var bytes = job.bytes
        var payload = 0..<bytes.count
        var encoding = route.encoding
        let isQuick = !quickly || bytes.count <= (route.dialect == .json ? Self.quickJSONBytes : Self.quickBytes)
        guard isQuick else { throw .heavy }
        if route.dialect == .grpc {
            let framed = try unframed(bytes.span)
            payload = framed.message
            if !framed.isCompressed { encoding = .identity }
        }
        if encoding != .identity {
            bytes = try decompress(bytes.span.extracting(payload), encoding, share, quickly: quickly)
            if quickly, route.dialect == .json, bytes.count > Self.quickJSONBytes {
                share.shrink(by: bytes.count)
                throw .heavy
            }
            share.shrink(by: job.bytes.count)
            payload = 0..<bytes.count
        }
        guard payload.count <= maxMessageBytes else {
            throw .refused(413, "the body is over \(maxMessageBytes) bytes; send smaller batches", .tooLarge)
        }
        if route.dialect == .json {
            let text = bytes.count
            bytes = try protobuf(fromJSON: bytes, route.kind, share)
            share.shrink(by: text)
            payload = 0..<bytes.count
        }
        if let context = job.context, job.route.kind == .traces,
            let adopted = try adopted(bytes.span.extracting(payload), context, share)
        {
            share.shrink(by: bytes.count)
            bytes = adopted
            payload = 0..<adopted.count
        }
        return try check(job, bytes, payload, share)
    }

    static func refusal(for error: GRPCFramingError) -> Refusal {
        let tooLarge = error.status == .resourceExhausted
        return Refusal(
            status: tooLarge ? 413 : 400, reason: error.description, counted: tooLarge ? .tooLarge : .malformed)
    }

    // MARK: unpacking

    private func unframed(_ bytes: Span<UInt8>) throws(Failure) -> (isCompressed: Bool, message: Range<Int>) {
        do throws(GRPCFramingError) {
            return try GRPCFraming.unary(bytes, limit: maxMessageBytes)
        } catch {
            throw .refused(Self.refusal(for: error))
        }
    }

    /// Unpacks no more than the budget has left, and reserves the length of what came out.
    private func decompress(
        _ packed: Span<UInt8>, _ encoding: ContentEncoding, _ share: BudgetShare, quickly: Bool
    ) throws(Failure) -> [UInt8] {
        let quick = encoding == .zstd ? Self.quickBytes : Self.quickGzipBytes
        let most = quickly ? min(quick, maxMessageBytes) : maxMessageBytes
        let room = share.grow(upTo: most)
        var plain: [UInt8] = []
        defer { share.shrink(by: room - plain.count) }
        do throws(CompressionError) {
            try decoder.decode(packed, as: encoding, limit: room, into: &plain)
            return plain
        } catch .tooLarge {
            guard room == most else { throw .busy }
            guard most == maxMessageBytes else { throw .heavy }
            throw .refused(413, "the body is over \(most) bytes after \(encoding); send smaller batches", .tooLarge)
        } catch {
            throw .refused(400, "the body is not valid \(encoding): \(error)", .encoding)
        }
    }

    /// Text and message together are at most about a message's length: protobuf is shorter than JSON, except where numbers of one
    /// digit, which take eight bytes, are strung together to make it longer.
    private func protobuf(
        fromJSON text: [UInt8], _ kind: SignalKind, _ share: BudgetShare
    ) throws(Failure) -> [UInt8] {
        let most = max(64 << 10, maxMessageBytes / 16 * 15 - text.count)
        let room = share.grow(upTo: most)
        var message: [UInt8] = []
        defer { share.shrink(by: room - message.count) }
        do throws(OTLPJSONError) {
            message = try OTLPJSON.protobuf(fromJSON: text, kind: kind, limit: room)
            return message
        } catch {
            guard case .tooLarge = error.reason else { throw .refused(400, error.description, .malformed) }
            guard room == most else { throw .busy }
            throw .refused(
                413, "the body is over \(maxMessageBytes) bytes as JSON and protobuf; send smaller batches", .tooLarge)
        }
    }

    /// Gives the trace to spans that name none; nil when there are no such. What is malformed is left for the scan to refuse.
    private func adopted(
        _ message: Span<UInt8>, _ context: TraceContext, _ share: BudgetShare
    ) throws(Failure) -> [UInt8]? {
        // The ids of a span with nothing else in it make it three times as long.
        let most = min(3 * message.count + 1024, maxMessageBytes)
        let room = share.grow(upTo: most)
        var adopted: [UInt8] = []
        defer { share.shrink(by: room - adopted.count) }
        do throws(WireError) {
            return try TraceAdoption.adopt(message, context, limit: room, into: &adopted) ? adopted : nil
        } catch {
            guard case .outgrown = error.reason else { return nil }
            guard room == most else { throw .busy }
            throw .refused(
                413, "with the trace of its header the body is over \(maxMessageBytes) bytes; send smaller batches",
                .tooLarge)
        }
    }

    // MARK: checking

    /// Scans the message, and leaves out spans whose ids cannot stand.
    private func check(
        _ job: Job, _ unpacked: [UInt8], _ unpackedPayload: Range<Int>, _ share: BudgetShare
    ) throws(Failure) -> Outcome {
        var (bytes, payload) = (unpacked, unpackedPayload)
        if let valid = try scan(bytes.span.extracting(payload), job.route.kind, share) {
            share.shrink(by: bytes.count)
            bytes = valid
            payload = 0..<valid.count
        }
        let telemetry = AcceptedTelemetry(
            kind: job.route.kind, bytes: bytes, payload: payload, items: scanner.items, runs: scanner.runs,
            services: scanner.services, sender: job.sender, sequence: job.sequence)
        return Outcome(
            telemetry: telemetry, rejected: scanner.refusedCount,
            message: scanner.refused.map { $0.reason }.joined(separator: "; "), badIDs: badIDs)
    }

    /// What is left of the message when spans had to be left out; nil when all of it is good.
    private func scan(
        _ payload: Span<UInt8>, _ kind: SignalKind, _ share: BudgetShare
    ) throws(Failure) -> [UInt8]? {
        badIDs = nil
        do throws(WireError) {
            try scanner.scan(payload, as: kind)
        } catch {
            let ids = namesIDs && kind == .traces ? NamedIDs(payload) : nil
            throw .refused(
                Refusal(status: 400, reason: "malformed OTLP: \(error)", counted: .malformed, ids: ids))
        }
        counters.receivedBytes.add(payload.count)
        // What is told of the traces may be as much as the spans themselves, if each is of another.
        let known = (scanner.runs.count - Self.fewRuns) * MemoryLayout<TraceRun>.stride * 2
        guard known <= 0 || share.grow(by: known) else { throw .busy }
        guard scanner.refusedCount > 0 else { return nil }
        if namesIDs { badIDs = NamedIDs(payload, onlyBad: true) }
        // Nothing is copied where nothing is left.
        guard scanner.items > 0 else { return [] }
        guard share.grow(by: payload.count) else { throw .busy }
        var valid: [UInt8] = []
        defer { share.shrink(by: payload.count - valid.count) }
        do throws(WireError) {
            _ = try SpanFilter.copyValid(payload, into: &valid)
            return valid
        } catch {
            throw .refused(400, "malformed OTLP: \(error)", .malformed)
        }
    }
}
