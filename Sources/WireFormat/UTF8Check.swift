/// Whether bytes are UTF-8 as Unicode defines it (table 3-7): no overlong forms, no surrogates, nothing over U+10FFFF.
enum UTF8Check {
    /// ASCII passes in words of eight bytes; anything else is checked one character at a time. Most strings are short,
    /// and a loop over their words would mostly cost its mispredicted end: up to 32 bytes are a fixed number of words
    /// that overlap in the middle.
    @inline(__always)
    static func isValid(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        let raw = bytes.bytes
        let count = end &- start
        // The loads check that they stay inside the span.
        var bits: UInt64
        if count >= 8 {
            bits =
                raw.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
                | raw.unsafeLoadUnaligned(fromByteOffset: end &- 8, as: UInt64.self)
            if count > 16 {
                if count > 32 { return isValidLong(bytes, from: start, to: end) }
                bits |=
                    raw.unsafeLoadUnaligned(fromByteOffset: start &+ 8, as: UInt64.self)
                    | raw.unsafeLoadUnaligned(fromByteOffset: end &- 16, as: UInt64.self)
            }
        } else {
            guard count > 0 else { return true }
            guard bytes.count &- start >= 8 else { return isValidSlowly(bytes, from: start, to: end) }
            // The word reaches past the string; what is behind its end is shifted out (the first byte is the lowest).
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
            bits = word &<< UInt64(truncatingIfNeeded: 64 &- count &* 8)
        }
        return bits & 0x8080_8080_8080_8080 == 0 || isValidSlowly(bytes, from: start, to: end)
    }

    /// The same for what is expected to be ASCII, and may be longer: false where it is not, or shorter than eight bytes.
    @inline(__always)
    static func isASCII(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        guard end &- start >= 8 else { return false }
        let raw = bytes.bytes
        let last = end &- 8
        var bits = raw.unsafeLoadUnaligned(fromByteOffset: last, as: UInt64.self)
        var position = start
        while position < last {
            bits |= raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            position &+= 8
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }

    @inline(never)
    private static func isValidLong(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        let raw = bytes.bytes
        var position = start
        while end &- position >= 8 {
            let word = raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            guard word & 0x8080_8080_8080_8080 == 0 else { break }
            position &+= 8
        }
        return isValidSlowly(bytes, from: position, to: end)
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
