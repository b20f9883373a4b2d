/// Bytes to look for, of which at most eight are compared. Letters without regard to case if told so.
struct SearchLiteral: Hashable, Sendable {
    static let maximumBytes = 8

    let bytes: [UInt8]
    let ignoresCase: Bool
    /// Not where a word goes on behind it, such as `token` in `tokens`. Bytes that may be the tag of the next protobuf field
    /// are no such end, so whoever acts on a hit looks again.
    let endsWord: Bool
    /// One byte says little, as ids hold any: it counts between visible characters only.
    var isBetweenWords: Bool { bytes.count == 1 }

    /// Of a longer text the last eight bytes are taken.
    init(_ text: some Sequence<UInt8>, ignoresCase: Bool = false, endsWord: Bool = false) {
        let bytes = Array(text).suffix(Self.maximumBytes)
        precondition(!bytes.isEmpty, "an empty literal is everywhere")
        self.bytes = ignoresCase ? bytes.map(ASCII.lowercased) : Array(bytes)
        self.ignoresCase = ignoresCase
        self.endsWord = endsWord
    }

    /// The same where a word may go on.
    var withinWord: SearchLiteral { SearchLiteral(bytes, ignoresCase: ignoresCase) }

    /// The bytes that may stand at `place`; beyond the literal's end any may.
    func alternatives(at place: Int) -> [UInt8] {
        guard place < bytes.count else { return Array(.min ... .max) }
        let byte = bytes[place]
        return ignoresCase && ASCII.isLetter(byte) ? [byte, byte & ~0x20] : [byte]
    }
}

enum ASCII {
    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    @inline(__always)
    static func isUpper(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }
    @inline(__always)
    static func isLower(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }
    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    @inline(__always)
    static func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }
    /// Space, tab, line feed, carriage return.
    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
    /// What names of attributes and variables are made of.
    @inline(__always)
    static func isWord(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x5F || byte == 0x2E || byte == 0x2D
    }
}
