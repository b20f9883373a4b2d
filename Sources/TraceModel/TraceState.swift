/// A checked `tracestate` list (W3C Trace Context): at most 32 members and 512 bytes, kept in order, passed on unread.
public struct TraceState: Hashable, Sendable, CustomStringConvertible {
    public static let maximumMembers = 32
    public static let maximumBytes = 512

    /// Members joined by commas, blanks around them dropped; empty when there is none.
    public let description: String

    public init() { description = "" }

    public var isEmpty: Bool { description.isEmpty }

    /// Joins the values of all `tracestate` headers. Any bad member, a repeated key or too much of it makes the whole invalid.
    public init(headers values: [String]) throws(TraceStateError) {
        var keys: Set<String> = []
        var members: [Substring] = []
        var bytes = 0
        for value in values {
            // What is refused anyway is not split first.
            guard value.utf8.count <= Self.maximumBytes * 2 else { throw .tooLong }
            for piece in value.split(separator: ",", omittingEmptySubsequences: false) {
                let member = trimmingBlanks(piece)
                if member.isEmpty { continue }
                guard let key = Self.key(of: member) else { throw .malformedMember }
                guard keys.insert(key).inserted else { throw .repeatedKey }
                members.append(member)
                bytes += member.utf8.count + 1
                guard members.count <= Self.maximumMembers else { throw .tooManyMembers }
                guard bytes - 1 <= Self.maximumBytes else { throw .tooLong }
            }
        }
        description = members.joined(separator: ",")
    }

    /// The key of `key=value`, nil when either part breaks the grammar.
    private static func key(of member: Substring) -> String? {
        guard let equals = member.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let key = member[..<equals]
        let value = member[member.utf8.index(after: equals)...]
        guard (1...256).contains(value.utf8.count), value.utf8.last != UInt8(ascii: " "),
            value.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }), isKey(key.utf8)
        else { return nil }
        return String(key)
    }

    /// `vendor`, or `tenant@vendor`.
    private static func isKey(_ key: Substring.UTF8View) -> Bool {
        let parts = key.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return isKeyPart(parts[0], maximum: 256)
        case 2: return isKeyPart(parts[0], maximum: 241) && isKeyPart(parts[1], maximum: 14)
        default: return false
        }
    }

    private static func isKeyPart(_ part: Substring.UTF8View, maximum: Int) -> Bool {
        guard let first = part.first, part.count <= maximum, isLetterOrDigit(first) else { return false }
        return part.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"): true
            default: isLetterOrDigit(byte)
            }
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Why a `tracestate` was dropped.
public enum TraceStateError: Error, Equatable, Sendable {
    case malformedMember
    case repeatedKey
    case tooManyMembers
    case tooLong
}

/// Drops blanks and tabs at both ends, as HTTP does around field values.
func trimmingBlanks(_ text: Substring) -> Substring {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var rest = text.utf8
    while let first = rest.first, isBlank(first) { rest.removeFirst() }
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return Substring(rest)
}
