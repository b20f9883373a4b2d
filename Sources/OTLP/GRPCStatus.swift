/// The status codes of gRPC.
package enum GRPCStatus: Int, Sendable, Hashable, CaseIterable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
}

extension GRPCStatus {
    /// What a client makes of an HTTP status that arrives without `grpc-status`; the list is gRPC's own.
    package init(httpStatus: Int) {
        self =
            switch httpStatus {
            case 200: .ok
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
    }

    /// The status that answers on gRPC what OTLP/HTTP answers with `status`: the server's direction, where 400 is the
    /// sender's malformed message and 413 a limit.
    package init(answering httpStatus: Int) {
        self =
            switch httpStatus {
            case 200..<300: .ok
            case 400, 415: .invalidArgument
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404, 405: .unimplemented
            case 408, 504: .deadlineExceeded
            case 413, 431: .resourceExhausted
            case 429, 502, 503: .unavailable
            case 500: .internal
            case 501: .unimplemented
            default: .unknown
            }
    }

    /// The HTTP status with which OTLP/HTTP says the same.
    package var httpStatus: Int {
        switch self {
        case .ok: 200
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .resourceExhausted: 429
        case .cancelled: 499
        case .unimplemented: 501
        case .unavailable: 503
        case .deadlineExceeded: 504
        case .unknown, .internal, .dataLoss: 500
        }
    }

    /// Whether OTLP lets a sender try again. RESOURCE_EXHAUSTED counts only when the answer says when (RetryInfo).
    package func isRetryable(hasRetryInfo: Bool) -> Bool {
        switch self {
        case .cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss: true
        case .resourceExhausted: hasRetryInfo
        default: false
        }
    }
}

extension GRPCStatus: CustomStringConvertible {
    /// The name in gRPC's documents, such as `UNAVAILABLE`.
    package var description: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
