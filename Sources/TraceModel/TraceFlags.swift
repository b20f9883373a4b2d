/// The 8 flag bits that travel with a context. Those we know are kept; unknown ones are dropped when read.
public struct TraceFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The trace is recorded. Unset: spans are not recorded, but the context travels on.
    public static let sampled = TraceFlags(rawValue: 0x01)
    /// The trace id's lower 56 bits are random (W3C Trace Context level 2).
    public static let randomTraceID = TraceFlags(rawValue: 0x02)

    static let known: TraceFlags = [.sampled, .randomTraceID]

    /// Two lower-case hexadecimal digits.
    public var description: String { Hexadecimal.text(UInt64(rawValue), digits: 2) }
}

extension TraceFlags: CustomStringConvertible {}
