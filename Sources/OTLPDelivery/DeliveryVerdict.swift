package import HTTP
import OTLP

/// What to do with a batch after an answer came for it.
package enum DeliveryVerdict: Equatable {
    /// The collector has it, without so many items of it.
    case delivered(rejected: Int)
    /// Send it again; after the time that the collector asked for, or one of our own choosing.
    case retry(after: Duration?, reason: String)
    /// Send it again, packed in another way.
    case repack(reason: String)
    /// This batch will never be taken; others may be.
    case refused(reason: String)

    package static func of(
        _ response: HTTPClientResponse, _ dialect: CollectorDialect, _ encoding: BatchEncoding
    ) -> Self {
        dialect == .grpc && response.status == 200 ? grpc(response, encoding) : http(response, encoding)
    }

    /// Only what is wrong with the batch itself refuses it: its form, its size. A wrong address or key, and whatever else an
    /// operator can mend, is waited out, as what is thrown away is gone.
    private static func http(_ response: HTTPClientResponse, _ encoding: BatchEncoding) -> Self {
        let reason = "status \(response.status)" + explanation(response)
        switch response.status {
        case 200..<300:
            let partial = (try? ExportResponse.partialSuccess(response.body.span)) ?? nil
            return .delivered(rejected: partial?.rejected ?? 0)
        case 400, 413, 422: return .refused(reason: reason)
        case 415: return encoding.plainer == nil ? .refused(reason: reason) : .repack(reason: reason)
        default:
            return .retry(after: response.headers["retry-after"].flatMap { retryAfter($0) }, reason: reason)
        }
    }

    /// RFC 9110, 10.2.3: seconds or a date; a date is left to our own back-off.
    private static func retryAfter(_ text: String) -> Duration? {
        Int(text).map { .seconds(min(max($0, 0), 300)) }
    }

    private static func grpc(_ response: HTTPClientResponse, _ encoding: BatchEncoding) -> Self {
        guard let text = response.trailers["grpc-status"] ?? response.headers["grpc-status"], let code = Int(text)
        else { return .retry(after: nil, reason: "no grpc-status came") }
        let status = GRPCStatus(rawValue: code) ?? .unknown
        let message = response.trailers["grpc-message"] ?? response.headers["grpc-message"] ?? ""
        let reason = message.isEmpty ? "\(status)" : "\(status): \(message)"
        switch status {
        case .ok: return .delivered(rejected: rejectedItems(inFrame: response.body))
        case .invalidArgument: return .refused(reason: reason)
        case .unimplemented where encoding.plainer != nil: return .repack(reason: reason)
        default: return .retry(after: retryDelay(response), reason: reason)
        }
    }

    private static func rejectedItems(inFrame body: [UInt8]) -> Int {
        guard let frame = try? GRPCFraming.unary(body.span, limit: 1 << 20), !frame.isCompressed else { return 0 }
        let partial = (try? ExportResponse.partialSuccess(body.span.extracting(frame.message))) ?? nil
        return partial?.rejected ?? 0
    }

    private static func retryDelay(_ response: HTTPClientResponse) -> Duration? {
        guard
            let text = response.trailers["grpc-status-details-bin"] ?? response.headers["grpc-status-details-bin"],
            let bytes = Base64.decode(Array(text.utf8)), let status = try? ExportResponse.readStatus(bytes.span)
        else { return nil }
        return status.retryAfter.map { min($0, .seconds(300)) }
    }

    private static func explanation(_ response: HTTPClientResponse) -> String {
        guard let status = try? ExportResponse.readStatus(response.body.span), !status.message.isEmpty else {
            return ""
        }
        return ": " + status.message
    }
}
