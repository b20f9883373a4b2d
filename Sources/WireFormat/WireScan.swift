/// Reads a message's numbers where they stand. A function that fails says so by its value alone, which keeps the
/// scanner's loop small; why is found out afterwards, by the functions named for faults.
enum WireScan {
    /// Passes a varint; false if it is cut off or doesn't fit into 64 bits, and then `position` stays where it begins.
    @inline(__always)
    static func skipVarint(_ bytes: Span<UInt8>, _ position: inout Int, _ end: Int) -> Bool {
        guard position < end else { return false }
        if bytes[position] < 0x80 {
            position &+= 1
            return true
        }
        return skipLongVarint(bytes, &position, end)
    }

    static func skipLongVarint(_ bytes: Span<UInt8>, _ position: inout Int, _ end: Int) -> Bool {
        let limit = min(end, position &+ 10)
        var index = position
        while index < limit {
            let byte = bytes[index]
            index &+= 1
            guard byte < 0x80 else { continue }
            // The tenth byte holds bit 63 alone.
            if index &- position == 10, byte > 1 { return false }
            position = index
            return true
        }
        return false
    }

    /// A tag or a length: a varint of at most five bytes. Nil if it is longer or cut off.
    static func readShortVarint(_ bytes: Span<UInt8>, _ position: inout Int, _ end: Int) -> UInt64? {
        let limit = min(end, position &+ 5)
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = position
        while index < limit {
            let byte = bytes[index]
            index &+= 1
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 {
                position = index
                return value
            }
            shift &+= 7
        }
        return nil
    }

    /// Reads a length that fits into the message; -1 if it doesn't.
    @inline(__always)
    static func readLength(_ bytes: Span<UInt8>, _ position: inout Int, _ end: Int) -> Int {
        guard position < end else { return -1 }
        let first = Int(bytes[position])
        if first < 0x80 {
            position &+= 1
            return first <= end &- position ? first : -1
        }
        guard let value = readShortVarint(bytes, &position, end), value <= UInt64(end &- position) else { return -1 }
        return Int(value)
    }

    /// Passes the fields with that tag of one byte that are attributes as most are: a key and then a string, a number or a truth
    /// value, all shorter than 128 bytes and with tags of one byte, and nothing else. Ends before the first that is anything
    /// else; those, and what has faults, take the long way.
    @inline(never)
    static func passPlainAttributes(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, tag: UInt8) -> Int {
        var position = start
        while end &- position >= 8, bytes[position] == tag {
            let next = position &+ 2 &+ Int(bytes[position &+ 1])
            guard next <= end, isPlainAttribute(bytes, position &+ 2, next) else { break }
            position = next
        }
        return position
    }

    @inline(__always)
    private static func isPlainAttribute(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard end &- start >= 6, end &- start < 0x80, bytes[start] == 0x0A else { return false }
        let keyCount = Int(bytes[start &+ 1])
        let value = start &+ 2 &+ keyCount
        // The value's length is that of the rest, so that it is the last field.
        guard end &- value >= 4, bytes[value] == 0x12, Int(bytes[value &+ 1]) == end &- value &- 2 else { return false }
        var content = value &+ 3
        switch bytes[value &+ 2] {
        case 0x0A:
            // Tags and lengths are ASCII as well, so that key and text are looked at in one go.
            guard Int(bytes[value &+ 3]) == end &- value &- 4 else { return false }
            return UTF8Check.isASCII(bytes, from: start, to: end)
                || UTF8Check.isValid(bytes, from: value &+ 4, to: end)
                    && UTF8Check.isValid(bytes, from: start &+ 2, to: value)
        case 0x10, 0x18:
            guard skipVarint(bytes, &content, end), content == end else { return false }
        case 0x21:
            guard end &- content == 8 else { return false }
        default: return false
        }
        return UTF8Check.isValid(bytes, from: start &+ 2, to: value)
    }

    // MARK: Faults

    static func varintFault(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> WireError.Reason {
        for index in start..<end where index < start + 10 && bytes[index] < 0x80 { return .overlongVarint }
        return end - start >= 10 ? .overlongVarint : .truncated(needed: UInt64(end - start + 1), available: end - start)
    }

    static func tagFault(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> WireError.Reason {
        end - start >= 5
            ? .invalidFieldNumber : .truncated(needed: UInt64(end - start + 1), available: end - start)
    }

    static func lengthFault(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> WireError.Reason {
        var position = start
        if let length = readShortVarint(bytes, &position, end) {
            return .truncated(needed: length, available: end - position)
        }
        return end - start >= 5
            ? .overlongVarint : .truncated(needed: UInt64(end - start + 1), available: end - start)
    }
}
