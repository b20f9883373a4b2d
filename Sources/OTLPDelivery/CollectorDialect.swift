package import HTTP
import OTLP
package import WireFormat

/// How a collector is spoken to.
package enum CollectorDialect: String, CaseIterable, Sendable {
    /// OTLP over HTTP/2 with sender and sequence, by which our collector stores each batch once.
    case hms
    case grpc = "otlp-grpc"
    case http = "otlp-http"

    /// What of a batch a request is made of.
    package struct Parcel {
        package var kind: SignalKind
        package var body: [UInt8]
        /// What of `body` is the packed message.
        package var message: Range<Int>
        package var encoding: BatchEncoding
        package var sender: String
        package var sequence: UInt64

        package init(
            kind: SignalKind, body: [UInt8], message: Range<Int>, encoding: BatchEncoding, sender: String,
            sequence: UInt64
        ) {
            self.kind = kind
            self.body = body
            self.message = message
            self.encoding = encoding
            self.sender = sender
            self.sequence = sequence
        }
    }

    /// What of a body stands before the packed message.
    package var prefixLength: Int { self == .grpc ? GRPCFraming.prefixLength : 0 }

    /// Fills in what was left before the message.
    package func completePrefix(of body: inout [UInt8], _ encoding: BatchEncoding) {
        if self == .grpc { GRPCFraming.completePrefix(of: &body, isCompressed: encoding != .none) }
    }

    package func request(
        _ parcel: Parcel, authorization: String?, context: [(String, String)]
    ) -> HTTPClientRequest {
        var headers: [(String, String)]
        let path: String
        switch self {
        case .hms, .http:
            path = "/v1/\(parcel.kind)"
            headers = [("content-type", "application/x-protobuf")]
            if parcel.encoding != .none { headers.append(("content-encoding", parcel.encoding.rawValue)) }
        case .grpc:
            path = Self.grpcPath(parcel.kind)
            headers = [("content-type", "application/grpc"), ("te", "trailers")]
            if parcel.encoding != .none { headers.append(("grpc-encoding", parcel.encoding.rawValue)) }
        }
        if self == .hms {
            headers += [("x-hms-sender", parcel.sender), ("x-hms-sequence", String(parcel.sequence))]
        }
        if let authorization { headers.append(("authorization", authorization)) }
        return HTTPClientRequest(method: "POST", path: path, headers: HTTPHeaders(headers + context), body: parcel.body)
    }

    private static func grpcPath(_ kind: SignalKind) -> String {
        let service =
            switch kind {
            case .traces: "trace.v1.TraceService"
            case .metrics: "metrics.v1.MetricsService"
            case .logs: "logs.v1.LogsService"
            }
        return "/opentelemetry.proto.collector.\(service)/Export"
    }
}

/// How batches are packed on the way.
package enum BatchEncoding: String, CaseIterable, Sendable {
    case zstd
    case gzip
    case none

    /// What to try when a server does not know this one.
    package var plainer: BatchEncoding? {
        switch self {
        case .zstd: .gzip
        case .gzip: BatchEncoding.none
        case .none: nil
        }
    }
}
