/// Whether bytes are UTF-8 as Unicode defines it (table 3-7): no overlong forms, no surrogates, nothing over U+10FFFF.
enum UTF8Check {
    /// ASCII is passed eight bytes at a time; what follows the first other byte is checked one character at a time.
    @inline(__always)
    static func isValid(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        let raw = bytes.bytes
        var position = start
        // The loads below stay inside the span: each is guarded by `end`, or by the span's count.
        while end &- position >= 8 {
            let word = raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            guard word & 0x8080_8080_8080_8080 == 0 else { return isValidSlowly(bytes, from: position, to: end) }
            position &+= 8
        }
        guard position < end else { return true }
        guard bytes.count &- position >= 8 else { return isValidSlowly(bytes, from: position, to: end) }
        // The word reaches past the string; the bytes behind its end are shifted out (the first byte is the lowest).
        let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
        let rest = word &<< UInt64(truncatingIfNeeded: 64 &- (end &- position) &* 8)
        return rest & 0x8080_8080_8080_8080 == 0 || isValidSlowly(bytes, from: position, to: end)
    }

    @inline(never)
    static func isValidSlowly(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        var position = start
        while position < end {
            let lead = bytes[position]
            if lead < 0x80 {
                position += 1
                continue
            }
            // How many bytes follow, and what the first of them may be: this excludes all that is not a scalar value.
            let count: Int
            let second: ClosedRange<UInt8>
            switch lead {
            case 0xC2...0xDF: (count, second) = (1, 0x80...0xBF)
            case 0xE0: (count, second) = (2, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE...0xEF: (count, second) = (2, 0x80...0xBF)
            case 0xED: (count, second) = (2, 0x80...0x9F)
            case 0xF0: (count, second) = (3, 0x90...0xBF)
            case 0xF1...0xF3: (count, second) = (3, 0x80...0xBF)
            case 0xF4: (count, second) = (3, 0x80...0x8F)
            default: return false
            }
            guard end - position > count, second.contains(bytes[position + 1]) else { return false }
            for index in (position + 2)..<(position + 1 + count) where bytes[index] & 0xC0 != 0x80 { return false }
            position += 1 + count
        }
        return true
    }
}
