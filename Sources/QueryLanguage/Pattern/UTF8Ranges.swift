/// The UTF-8 encodings of a range of scalars, as rows of byte ranges.
struct UTF8Ranges {
    private(set) var rows: [[ClosedRange<UInt8>]] = []

    init(_ range: ClosedRange<UInt32>) {
        var pending = [range]
        while let range = pending.popLast() {
            let (low, high) = (range.lowerBound, range.upperBound)
            // One length of encoding at a time.
            if let last = [0x7F, 0x7FF, 0xFFFF].first(where: { low <= $0 && high > $0 }) {
                pending += [last + 1...high, low...last]
                continue
            }
            guard high > 0x7F else {
                rows.append([UInt8(low)...UInt8(high)])
                continue
            }
            // Where the upper parts differ, the lower part must run through all its values.
            if let split = Self.split(low, high) {
                pending += [split...high, low...split - 1]
                continue
            }
            rows.append(zip(Self.encode(low), Self.encode(high)).map { $0...$1 })
        }
    }

    private static func split(_ low: UInt32, _ high: UInt32) -> UInt32? {
        for bits in [6, 12, 18] as [UInt32] {
            let mask: UInt32 = (1 << bits) - 1
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 { return (low | mask) + 1 }
            if high & mask != mask { return high & ~mask }
        }
        return nil
    }

    private static func encode(_ value: UInt32) -> [UInt8] {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | value >> shift & 0x3F) }
        return switch value {
        case ...0x7F: [UInt8(value)]
        case ...0x7FF: [UInt8(0xC0 | value >> 6), tail(0)]
        case ...0xFFFF: [UInt8(0xE0 | value >> 12), tail(6), tail(0)]
        default: [UInt8(0xF0 | value >> 18), tail(12), tail(6), tail(0)]
        }
    }
}
