/// Why bytes could not be packed or unpacked.
package enum CompressionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Unpacked, the body is longer than `limit` bytes. Nothing of it is kept.
    case tooLarge(limit: Int)
    /// The input ends inside a stream.
    case truncated(ContentEncoding)
    /// The input is no such stream, is damaged, or goes on with something else after its end.
    case malformed(ContentEncoding, reason: String)
    /// A zstd frame asks for more history than is granted to a stranger.
    case windowTooLarge(limit: Int)
    /// A frame of our own does not unpack to the length that was noted with it.
    case wrongLength(expected: Int, found: UInt64?)
    /// The library refused our call; in practice memory ran out.
    case library(operation: String, reason: String)

    package var description: String {
        switch self {
        case .tooLarge(let limit): "body is over \(limit) bytes once decompressed; send smaller batches"
        case .truncated(let encoding): "\(encoding) body ends early"
        case .malformed(let encoding, let reason): "body is not valid \(encoding): \(reason)"
        case .windowTooLarge(let limit): "zstd body needs a window over \(limit) bytes; compress at a lower level"
        case .wrongLength(let expected, let found?): "zstd frame unpacks to \(found) bytes, expected \(expected)"
        case .wrongLength(let expected, nil): "zstd frame does not tell its length, expected \(expected) bytes"
        case .library(let operation, let reason): "cannot \(operation): \(reason)"
        }
    }
}
