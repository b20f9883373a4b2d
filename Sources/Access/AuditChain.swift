import TLS

/// Checks lines of the audit log, the oldest first, and remembers how the last one ended. Pure.
package struct AuditChain: Sendable, Equatable {
    /// Of the last line; 0 before the first.
    package private(set) var sequence: UInt64 = 0
    /// Digest of the last line: what the next one has to name. Kept elsewhere, it shows later that nothing before it changed.
    package private(set) var head = AuditEntry.firstPrevious
    package private(set) var lines = 0

    package enum Break: Error, Equatable, Sendable, CustomStringConvertible {
        case unreadable
        case changed(before: UInt64)
        case missing(after: UInt64, found: UInt64)

        package var description: String {
            switch self {
            case .unreadable: "is no entry; it was changed or damaged"
            case .changed(let sequence):
                "does not follow from the line before entry \(sequence), which was changed or exchanged"
            case .missing(let last, let found): "is entry \(found), but follows entry \(last): entries are missing"
            }
        }
    }

    package init() {}

    /// - Parameter isOldest: the line may name one that is gone with the oldest file.
    package mutating func check(_ line: ArraySlice<UInt8>, isOldest: Bool = false) throws(Break) {
        guard let link = AuditEntry.link(of: line) else { throw .unreadable }
        if isOldest, lines == 0, link.sequence > 1 {
            follow(line, as: link.sequence)
            return
        }
        guard link.sequence == sequence + 1 else { throw .missing(after: sequence, found: link.sequence) }
        guard link.previous == head else { throw .changed(before: link.sequence) }
        follow(line, as: link.sequence)
    }

    /// Takes a line as the last, whatever it says.
    mutating func follow(_ line: ArraySlice<UInt8>, as sequence: UInt64) {
        self.sequence = sequence
        head = hexadecimal(sha256(Array(line)))
        lines += 1
    }
}
