import OTLP
import Testing

@Suite struct GRPCTests {
    @Test("A message is framed with a flag and four bytes of length, and found again")
    func frame() throws {
        let framed = GRPCFraming.frame([1, 2, 3], isCompressed: true)
        #expect(framed == [1, 0, 0, 0, 3, 1, 2, 3])
        let unary = try GRPCFraming.unary(framed.span, limit: 3)
        #expect(unary.isCompressed)
        #expect(unary.message == 5..<8)
    }

    @Test(
        "Bodies that are not one message are refused with the right status",
        arguments: [
            ([], .empty, .internal),
            ([0], .incomplete(needed: 5, available: 1), .internal),
            ([0, 0, 0, 0, 2, 9], .incomplete(needed: 2, available: 1), .internal),
            ([0, 0, 0, 0, 1, 9, 0], .moreThanOne(trailing: 1), .unimplemented),
            ([2, 0, 0, 0, 0], .unknownFlag(2), .internal),
            ([0, 255, 255, 255, 255], .tooLarge(claimed: 4_294_967_295, limit: 100), .resourceExhausted),
            ([0, 0, 0, 0, 101], .tooLarge(claimed: 101, limit: 100), .resourceExhausted),
        ] as [([UInt8], GRPCFramingError, GRPCStatus)])
    func badBodies(body: [UInt8], error: GRPCFramingError, status: GRPCStatus) {
        #expect(throws: error) { try GRPCFraming.unary(body.span, limit: 100) }
        #expect(error.status == status)
    }

    @Test("A prefix of which too little has arrived is nil, a lie about 4 GiB is refused at once")
    func prefix() throws {
        #expect(try GRPCFraming.prefix(of: [UInt8]([0, 0, 0, 0]).span, limit: 10) == nil)
        #expect(
            try GRPCFraming.prefix(of: [UInt8]([0, 0, 0, 0, 10]).span, limit: 10)
                == GRPCFraming.Prefix(isCompressed: false, length: 10))
        #expect(throws: GRPCFramingError.tooLarge(claimed: 11, limit: 10)) {
            try GRPCFraming.prefix(of: [UInt8]([1, 0, 0, 0, 11]).span, limit: 10)
        }
    }

    @Test(
        "grpc-message is percent-encoded and read back",
        arguments: [("plain text~", "plain text~"), ("50%\n", "50%25%0A"), ("é", "%C3%A9"), ("", "")])
    func message(plain: String, encoded: String) {
        #expect(GRPCMessage.percentEncoded(plain) == encoded)
        #expect(GRPCMessage.percentDecoded(encoded) == plain)
    }

    @Test(
        "A broken grpc-message is read as far as it goes",
        arguments: [("%", "%"), ("%zz%4", "%zz%4"), ("%ff", "\u{FFFD}")])
    func brokenMessage(encoded: String, decoded: String) {
        #expect(GRPCMessage.percentDecoded(encoded) == decoded)
    }

    @Test(
        "grpc-timeout is read by unit",
        arguments: [
            ("100m", .milliseconds(100)), ("5S", .seconds(5)), ("2M", .seconds(120)), ("1H", .seconds(3600)),
            ("7u", .microseconds(7)), ("99999999n", .nanoseconds(99_999_999)), ("0S", .zero),
            ("99999999H", .seconds(99_999_999 * 3600)),
            ("", nil), ("S", nil), ("5", nil), ("5s", nil), ("-5S", nil), ("123456789n", nil), ("5 S", nil),
            ("٥S", nil),
        ] as [(String, Duration?)])
    func timeout(text: String, duration: Duration?) {
        #expect(GRPCMessage.timeout(text) == duration)
    }

    @Test(
        "grpc-timeout is written in the finest unit that holds it",
        arguments: [
            (.milliseconds(100), "100000u"), (.nanoseconds(5), "5n"), (.seconds(5), "5000000u"),
            (.seconds(1000), "1000000m"),
            (.seconds(1_000_000), "1000000S"), (.seconds(-1), "0n"), (.seconds(600_000_000), "10000000M"),
        ] as [(Duration, String)])
    func timeoutText(duration: Duration, text: String) {
        #expect(GRPCMessage.timeoutText(duration) == text)
    }

    @Test(
        "HTTP statuses become gRPC's",
        arguments: [
            (503, .unavailable), (429, .unavailable), (401, .unauthenticated), (404, .unimplemented), (400, .internal),
            (418, .unknown), (200, .ok),
        ] as [(Int, GRPCStatus)])
    func httpStatus(http: Int, status: GRPCStatus) {
        #expect(GRPCStatus(httpStatus: http) == status)
    }

    @Test("Every status goes to HTTP, UNAVAILABLE to 503")
    func toHTTP() {
        #expect(GRPCStatus.unavailable.httpStatus == 503)
        #expect(GRPCStatus.invalidArgument.httpStatus == 400)
        #expect(GRPCStatus(answering: 413) == .resourceExhausted)
        #expect(GRPCStatus(answering: 400) == .invalidArgument)
        #expect(GRPCStatus.allCases.count == 17)
    }

    @Test("RESOURCE_EXHAUSTED may be retried only when the answer says when")
    func retry() {
        #expect(!GRPCStatus.resourceExhausted.isRetryable(hasRetryInfo: false))
        #expect(GRPCStatus.resourceExhausted.isRetryable(hasRetryInfo: true))
        #expect(GRPCStatus.unavailable.isRetryable(hasRetryInfo: false))
        #expect(!GRPCStatus.invalidArgument.isRetryable(hasRetryInfo: true))
    }
}
