/// Why a body is not one gRPC message.
package enum GRPCFramingError: Error, Equatable, Sendable {
    case empty
    case incomplete(needed: Int, available: Int)
    case moreThanOne(trailing: Int)
    case tooLarge(claimed: Int, limit: Int)
    case unknownFlag(UInt8)

    /// The status that the call ends with.
    package var status: GRPCStatus {
        switch self {
        case .tooLarge: .resourceExhausted
        case .moreThanOne: .unimplemented
        case .empty, .incomplete, .unknownFlag: .internal
        }
    }
}

extension GRPCFramingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "the call carries no message, expected one"
        case .incomplete(let needed, let available):
            "the gRPC message is cut off: needs \(needed) bytes, \(available) arrived"
        case .moreThanOne(let trailing):
            "\(trailing) bytes follow the gRPC message; a unary call carries exactly one"
        case .tooLarge(let claimed, let limit):
            "the gRPC message claims \(claimed) bytes, the limit is \(limit); send smaller batches"
        case .unknownFlag(let flag): "the compression flag of the gRPC message is \(flag), expected 0 or 1"
        }
    }
}
