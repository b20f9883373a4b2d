package import Compression
package import OTLP
package import WireFormat

/// Why a file of telemetry cannot be read or written: which file, where in it, what is wrong.
package struct OTLPFileError: Error, CustomStringConvertible {
    package enum Reason {
        case system(operation: String, reason: String)
        case compression(CompressionError)
        case json(OTLPJSONError)
        case wire(WireError)
        /// The file ends inside a value or message that began at the place.
        case cut
        case tooLarge(limit: Int)
        /// None of the formats that are known begins like this.
        case unknownFormat
        /// A JSON value that is not an object of requests.
        case noRequest
    }

    package enum Place: Sendable, Hashable, CustomStringConvertible {
        case file
        /// Counted from 1; where a value begins.
        case line(Int)
        /// Of the unpacked content, from 0; where a message begins.
        case byte(Int)

        package var description: String {
            switch self {
            case .file: ""
            case .line(let number): ":\(number)"
            case .byte(let offset): " at byte \(offset)"
            }
        }
    }

    package var path: String
    package var place: Place
    package var reason: Reason

    package init(_ path: String, _ place: Place = .file, _ reason: Reason) {
        self.path = path
        self.place = place
        self.reason = reason
    }

    package var description: String { "\(path)\(place): \(what)" }

    private var what: String {
        switch reason {
        case .system(let operation, let reason): "cannot \(operation): \(reason)"
        case .compression(let error): "\(error)"
        case .json(let error): "\(error)"
        case .wire(let error): "the message is not OTLP: \(error)"
        case .cut: "the file ends inside the value that begins here; was it written to its end?"
        case .tooLarge(let limit): "the value that begins here is over \(limit) bytes; write smaller requests"
        case .unknownFormat:
            "this is neither OTLP (JSON lines or protobuf), nor Jaeger's nor Zipkin's JSON; name it with --format"
        case .noRequest: "expected an object with resourceSpans, resourceMetrics or resourceLogs"
        }
    }
}
