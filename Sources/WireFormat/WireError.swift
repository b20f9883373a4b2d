/// Why bytes from outside are not a message: what is wrong, at which byte, and in which field.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        case truncated(needed: UInt64, available: Int)
        case overlongVarint
        case invalidFieldNumber
        case unsupportedWireType(UInt8)
        case wrongWireType(expected: WireType, found: WireType)
        case invalidUTF8
        case nestedTooDeep(limit: Int)
        case wrongLength(expected: Int, found: Int)
        case allZero
        case tooMany(limit: Int)
        /// Changed, the message is longer than it may become.
        case outgrown(limit: Int)
    }

    public var reason: Reason
    /// Offset of the offending byte from the start of the message that was given to the outermost cursor.
    public var offset: Int
    /// The field's path, such as `resource_spans.scope_spans.spans.trace_id`; empty where it is not known.
    public var field: String

    public init(_ reason: Reason, at offset: Int, field: String = "") {
        self.reason = reason
        self.offset = offset
        self.field = field
    }

    public var description: String {
        let what =
            switch reason {
            case .truncated(let needed, let available): "needs \(needed) bytes, \(available) left"
            case .overlongVarint: "varint longer than 10 bytes or over 64 bits"
            case .invalidFieldNumber: "field number outside 1 to 536870911"
            case .unsupportedWireType(let type): "wire type \(type) is not allowed"
            case .wrongWireType(let expected, let found): "wire type is \(found), expected \(expected)"
            case .invalidUTF8: "string is not valid UTF-8"
            case .nestedTooDeep(let limit): "nested deeper than \(limit) levels"
            case .wrongLength(let expected, let found): "has \(found) bytes, expected \(expected)"
            case .allZero: "is all zero"
            case .tooMany(let limit): "occurs more than \(limit) times"
            case .outgrown(let limit): "grows over \(limit) bytes"
            }
        return field.isEmpty ? "byte \(offset): \(what)" : "\(field) at byte \(offset): \(what)"
    }
}

public enum WireType: UInt8, Sendable, CustomStringConvertible {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5

    public var description: String {
        switch self {
        case .varint: "varint"
        case .fixed64: "fixed64"
        case .bytes: "length-delimited"
        case .fixed32: "fixed32"
        }
    }
}
