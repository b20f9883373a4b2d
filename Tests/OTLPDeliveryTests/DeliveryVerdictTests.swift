import HTTP
import OTLP
import OTLPDelivery
import Testing
import WireFormat

@Suite struct DeliveryVerdictTests {
    private static let waited = [
        301, 401, 403, 404, 405, 407, 408, 409, 410, 421, 425, 429, 431, 500, 501, 502, 503, 504, 599,
    ]

    /// A gRPC answer with its trailers.
    private func answer(_ status: Int?, body: [UInt8] = [], _ more: [(String, String)] = []) -> HTTPClientResponse {
        HTTPClientResponse(
            status: 200, body: body,
            trailers: HTTPHeaders((status.map { [("grpc-status", "\($0)")] } ?? []) + more))
    }

    private func isRetry(_ verdict: DeliveryVerdict, after: Duration? = nil) -> Bool {
        guard case .retry(let delay, _) = verdict else { return false }
        return delay == after
    }

    private func isRefused(_ verdict: DeliveryVerdict) -> Bool {
        if case .refused = verdict { true } else { false }
    }

    private func isRepack(_ verdict: DeliveryVerdict) -> Bool {
        if case .repack = verdict { true } else { false }
    }

    // MARK: HTTP

    @Test("2xx is delivered", arguments: [200, 202, 204])
    func delivered(status: Int) {
        #expect(DeliveryVerdict.of(HTTPClientResponse(status: status), .hms, .zstd) == .delivered(rejected: 0))
    }

    @Test("Only what is wrong with the batch itself refuses it", arguments: [400, 413, 422])
    func refused(status: Int) {
        for dialect in CollectorDialect.allCases {
            #expect(isRefused(DeliveryVerdict.of(HTTPClientResponse(status: status), dialect, .zstd)))
        }
    }

    @Test("Whatever an operator can mend is waited out, a gRPC collector's HTTP statuses too", arguments: waited)
    func retried(status: Int) {
        for dialect in CollectorDialect.allCases {
            #expect(isRetry(DeliveryVerdict.of(HTTPClientResponse(status: status), dialect, .zstd)))
        }
    }

    @Test("415 asks for a plainer encoding for as long as there is one")
    func unsupported() {
        func verdict(_ encoding: BatchEncoding) -> DeliveryVerdict {
            DeliveryVerdict.of(HTTPClientResponse(status: 415), .http, encoding)
        }
        #expect(isRepack(verdict(.zstd)) && isRepack(verdict(.gzip)) && isRefused(verdict(.none)))
    }

    @Test(
        "Retry-After in seconds is obeyed up to 300; a date, or what is no time, is left to our own pace",
        arguments: [
            ("0", .zero), ("7", .seconds(7)), ("86400", .seconds(300)), ("-3", .zero), ("", nil), ("soon", nil),
            ("Wed, 21 Oct 2026 07:28:00 GMT", nil), ("99999999999999999999", nil),
        ] as [(String, Duration?)])
    func retryAfter(text: String, expected: Duration?) {
        let response = HTTPClientResponse(status: 503, headers: HTTPHeaders([("retry-after", text)]))
        #expect(isRetry(DeliveryVerdict.of(response, .hms, .zstd), after: expected))
    }

    @Test("The collector's own words are in the reason")
    func reason() {
        var status = ProtobufWriter()
        status.varint(1, 3)
        status.string(2, "span 7 has no id")
        let verdict = DeliveryVerdict.of(HTTPClientResponse(status: 400, body: status.bytes), .hms, .zstd)
        #expect(verdict == .refused(reason: "status 400: span 7 has no id"))
        #expect(
            DeliveryVerdict.of(HTTPClientResponse(status: 400, body: Array("<html>".utf8)), .hms, .zstd)
                == .refused(reason: "status 400"))
    }

    // MARK: gRPC

    @Test("gRPC: OK is delivered, INVALID_ARGUMENT refused, UNIMPLEMENTED packed plainer, all else waited out")
    func grpcStatuses() {
        #expect(DeliveryVerdict.of(answer(0), .grpc, .zstd) == .delivered(rejected: 0))
        #expect(isRefused(DeliveryVerdict.of(answer(3), .grpc, .zstd)))
        #expect(isRepack(DeliveryVerdict.of(answer(12), .grpc, .zstd)))
        #expect(isRetry(DeliveryVerdict.of(answer(12), .grpc, .none)))
        for status in [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 99, -1] {
            #expect(isRetry(DeliveryVerdict.of(answer(status), .grpc, .zstd)), "status \(status)")
        }
    }

    @Test("gRPC: an answer without a status, or with one that is no number, is none")
    func grpcNoStatus() {
        #expect(isRetry(DeliveryVerdict.of(answer(nil), .grpc, .zstd)))
        #expect(isRetry(DeliveryVerdict.of(answer(nil, [("grpc-status", "fine")]), .grpc, .zstd)))
        // A trailers-only answer has its status in the headers.
        let only = HTTPClientResponse(
            status: 200, headers: HTTPHeaders([("grpc-status", "3"), ("grpc-message", "no")]))
        #expect(DeliveryVerdict.of(only, .grpc, .zstd) == .refused(reason: "INVALID_ARGUMENT: no"))
    }

    @Test("gRPC: what the collector rejected of a batch stands in its answer's frame; a broken frame says nothing")
    func grpcPartialSuccess() {
        var response = ProtobufWriter()
        response.message(1) { $0.varint(1, 4) }
        let frame = GRPCFraming.frame(response.bytes, isCompressed: false)
        #expect(DeliveryVerdict.of(answer(0, body: frame), .grpc, .zstd) == .delivered(rejected: 4))
        for length in 0..<frame.count {
            #expect(
                DeliveryVerdict.of(answer(0, body: Array(frame.prefix(length))), .grpc, .zstd)
                    == .delivered(rejected: 0))
        }
    }

    // MARK: requests

    @Test("A gRPC request is one frame whose flag says that it is packed; ours and plain OTLP go by path")
    func requests() throws {
        let parcel = CollectorDialect.Parcel(
            kind: .logs, body: [1, 2, 3], message: 0..<3, encoding: .gzip, sender: "a-sender",
            sequence: 18_446_744_073_709_551_615)
        var framed = parcel
        (framed.body, framed.message) = ([0, 0, 0, 0, 0, 1, 2, 3], 5..<8)
        CollectorDialect.grpc.completePrefix(of: &framed.body, .gzip)
        let grpc = CollectorDialect.grpc.request(framed, authorization: "Bearer k", context: [("traceparent", "t")])
        #expect(grpc.path == "/opentelemetry.proto.collector.logs.v1.LogsService/Export")
        #expect(grpc.body == [1, 0, 0, 0, 3, 1, 2, 3])
        #expect(grpc.headers["grpc-encoding"] == "gzip" && grpc.headers["te"] == "trailers")
        #expect(grpc.headers["authorization"] == "Bearer k" && grpc.headers["traceparent"] == "t")
        #expect(grpc.headers["x-hms-sequence"] == nil)
        let ours = CollectorDialect.hms.request(parcel, authorization: nil, context: [])
        #expect(ours.path == "/v1/logs" && ours.body == [1, 2, 3] && ours.headers["content-encoding"] == "gzip")
        #expect(ours.headers["x-hms-sender"] == "a-sender" && ours.headers["x-hms-sequence"] == "18446744073709551615")
        var plain = parcel
        plain.encoding = .none
        let http = CollectorDialect.http.request(plain, authorization: nil, context: [])
        #expect(http.headers["content-encoding"] == nil && http.headers["x-hms-sender"] == nil)
        CollectorDialect.grpc.completePrefix(of: &framed.body, .none)
        #expect(framed.body.first == 0)
    }
}
