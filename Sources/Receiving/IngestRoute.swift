import Compression
import HTTP
import WireFormat

/// What a request's head asks of the OTLP door: which signal, in which dialect, packed how.
struct IngestRoute: Sendable {
    enum Dialect: Sendable { case grpc, protobuf, json }

    let kind: SignalKind
    let dialect: Dialect
    /// Of the HTTP body, or of the gRPC message when its prefix says that it is compressed.
    let encoding: ContentEncoding

    struct Refusal: Error {
        let status: Int
        let reason: String
        var headers: [(String, String)] = []
    }

    init(_ head: RequestHead) throws(Refusal) {
        let isGRPC = IngestRoute.isGRPC(head)
        guard let kind = isGRPC ? Self.grpcPaths[head.path] : Self.httpPaths[head.path] else {
            throw Refusal(
                status: 404,
                reason: isGRPC
                    ? "method '\(printable(head.path))' is unknown; expected Export of OTLP's Trace, Metrics or LogsService"
                    : "path '\(printable(head.path))' is unknown; expected /v1/traces, /v1/metrics or /v1/logs")
        }
        guard head.method == "POST" else {
            throw Refusal(
                status: 405, reason: "method \(printable(head.method)) is not allowed; use POST",
                headers: [("allow", "POST")])
        }
        self.kind = kind
        dialect = try Self.dialect(head, isGRPC: isGRPC)
        encoding = try Self.encoding(head, isGRPC: isGRPC)
    }

    static func isGRPC(_ head: RequestHead) -> Bool {
        head.headers["content-type"]?.hasPrefix("application/grpc") == true
    }

    private static let grpcPaths: [String: SignalKind] = [
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export": .traces,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": .metrics,
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export": .logs,
    ]
    private static let httpPaths: [String: SignalKind] = [
        "/v1/traces": .traces, "/v1/metrics": .metrics, "/v1/logs": .logs,
    ]

    private static func dialect(_ head: RequestHead, isGRPC: Bool) throws(Refusal) -> Dialect {
        let (count, value) = head.headers.countAndFirst("content-type")
        // Nearly all senders write the bare type, which spares taking it apart.
        var named = value ?? ""
        var dialect = dialect(ofMediaType: named)
        if dialect == nil {
            named = mediaType(named)
            dialect = self.dialect(ofMediaType: named)
        }
        guard let dialect, count == 1, (dialect == .grpc) == isGRPC else {
            throw Refusal(
                status: 415,
                reason: count > 1
                    ? "content-type stands \(count) times; send it once"
                    : "content-type '\(printable(named))' is not supported; "
                        + "use application/x-protobuf, application/json or application/grpc")
        }
        return dialect
    }

    private static func dialect(ofMediaType type: String) -> Dialect? {
        switch type {
        case "application/grpc", "application/grpc+proto": .grpc
        case "application/x-protobuf", "application/protobuf": .protobuf
        case "application/json": .json
        default: nil
        }
    }

    private static func encoding(_ head: RequestHead, isGRPC: Bool) throws(Refusal) -> ContentEncoding {
        let name = isGRPC ? "grpc-encoding" : "content-encoding"
        let (count, first) = head.headers.countAndFirst(name)
        guard let value = first else { return .identity }
        guard count == 1, let encoding = ContentEncoding(headerValue: value) else {
            throw Refusal(
                status: 415,
                reason:
                    "\(name) '\(printable(head.headers.values(name).joined(separator: ", ")))' is not supported; use gzip or zstd",
                headers: isGRPC ? [("grpc-accept-encoding", "identity,gzip,zstd")] : [("accept-encoding", "gzip, zstd")]
            )
        }
        return encoding
    }

    private static func mediaType(_ value: String) -> String {
        let type = value.prefix { $0 != ";" }.lowercased()
        return String(type.reversed().drop { $0 == " " }.reversed())
    }
}

/// Text from a peer, cut and without control characters, for a message that goes back to it.
func printable(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(80) where scalar.value >= 32 && scalar.value != 127 {
        shown.unicodeScalars.append(scalar)
    }
    return shown
}
