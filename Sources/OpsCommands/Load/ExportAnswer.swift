import OTLP
import WireFormat

/// Reads what a receiver answered to an export request.
enum ExportAnswer {
    static func outcome(httpStatus: Int, body: [UInt8]) -> LoadOutcome {
        guard httpStatus == 200 else { return .failed("HTTP \(httpStatus)") }
        return outcome(body: body.span)
    }

    /// `grpcStatus` is the text of the trailer; `body` still has its frame.
    static func outcome(httpStatus: Int, grpcStatus: String?, body: [UInt8]) -> LoadOutcome {
        guard httpStatus == 200 else { return .failed("HTTP \(httpStatus)") }
        guard let code = grpcStatus.flatMap({ Int($0) }) else { return .failed("no grpc-status") }
        if code != 0 { return .failed(GRPCStatus(rawValue: code)?.description ?? "grpc-status \(code)") }
        return outcome(body: body.span.extracting(droppingFirst: min(body.count, GRPCFraming.prefixLength)))
    }

    /// A partial success names how many spans were refused: message 1, number 1.
    private static func outcome(body: Span<UInt8>) -> LoadOutcome {
        do {
            let rejected = try rejectedSpans(body)
            return rejected == 0 ? .acknowledged : .failed("partial success")
        } catch {
            return .failed("answer is not an ExportTraceServiceResponse")
        }
    }

    private static func rejectedSpans(_ body: Span<UInt8>) throws(WireError) -> UInt64 {
        var rejected: UInt64 = 0
        var answer = FieldCursor(body)
        while let field = try answer.next() {
            guard field.number == 1 else {
                try answer.skip(field)
                continue
            }
            var partial = try answer.readMessage(field)
            while let field = try partial.next() {
                if field.number == 1 { rejected = try partial.readVarint(field) } else { try partial.skip(field) }
            }
        }
        return rejected
    }
}
