/// Takes the parts of a summary from bytes that may be anything.
struct SummaryReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: Span<UInt8>) { self.bytes = bytes.withUnsafeBufferPointer { Array($0) } }

    var isAtEnd: Bool { position == bytes.count }

    func damaged(_ what: String) -> SummaryError { .damaged(offset: position, what) }

    mutating func byte() throws(SummaryError) -> UInt8 {
        guard position < bytes.count else { throw damaged("ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func varint() throws(SummaryError) -> UInt64 {
        let wide = try wideVarint(bits: 64)
        return UInt64(truncatingIfNeeded: wide)
    }

    /// Only the shortest form is taken.
    private mutating func wideVarint(bits: Int) throws(SummaryError) -> UInt128 {
        var value: UInt128 = 0
        var shift = 0
        while true {
            let byte = try byte()
            let group = UInt128(byte & 0x7F)
            if shift > 0, byte == 0 { throw damaged("a number that is longer than it must be") }
            guard shift < bits, shift + 7 <= bits || group >> UInt128(bits - shift) == 0 else {
                throw damaged("a number of more than \(bits) bits")
            }
            value |= group << UInt128(shift)
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    mutating func signed() throws(SummaryError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
    }

    mutating func wideSigned() throws(SummaryError) -> Int128 {
        let value = try wideVarint(bits: 128)
        return Int128(truncatingIfNeeded: value >> 1) ^ -Int128(value & 1)
    }

    /// A number of things of which each takes a byte or more.
    mutating func count(_ what: String) throws(SummaryError) -> Int {
        let count = try varint()
        guard count <= UInt64(bytes.count - position) else { throw damaged("more \(what) than bytes") }
        return Int(count)
    }

    mutating func text() throws(SummaryError) -> [UInt8] {
        let length = try count("bytes of a text")
        defer { position += length }
        return Array(bytes[position..<(position + length)])
    }

    /// What is not kept is read over without being stored.
    mutating func figures(isKept: Bool) throws(SummaryError) -> Figures {
        let flags = FigureFlags(rawValue: try byte())
        guard flags.rawValue < 16, !flags.contains([.failed, .failedIsSlowest]),
            flags.contains(.slowest) || !flags.contains(.failedIsSlowest)
        else { throw damaged("flags that do not go together") }
        var figures = Figures()
        if flags.contains(.errors) { figures.errors = try signed() }
        figures.durationSum = try wideSigned()
        let buckets = try count("buckets")
        guard buckets <= DurationBuckets.count else { throw damaged("too many buckets") }
        var kept: [DurationHistogram.Bucket] = []
        if isKept { kept.reserveCapacity(buckets) }
        var next: UInt64 = 0
        for _ in 0..<buckets {
            let head = try varint()
            guard head >> 1 < UInt64(DurationBuckets.count) - next else { throw damaged("a bucket that is none") }
            let index = next + head >> 1
            let count = head & 1 == 0 ? 1 : try signed()
            guard head & 1 == 0 || (count != 0 && count != 1) else { throw damaged("a count in a longer form") }
            if isKept { kept.append(DurationHistogram.Bucket(index: UInt16(index), count: count)) }
            next = index + 1
        }
        figures.durations = DurationHistogram(sorted: kept)
        if flags.contains(.slowest) { figures.exemplars.slowest = try exemplar() }
        if flags.contains(.failed) { figures.exemplars.failed = try exemplar() }
        if flags.contains(.failedIsSlowest) { figures.exemplars.failed = figures.exemplars.slowest }
        return figures
    }

    private mutating func exemplar() throws(SummaryError) -> Exemplar {
        let duration = try varint()
        guard bytes.count - position >= 16 else { throw damaged("ends early") }
        var halves: (UInt64, UInt64) = (0, 0)
        for offset in 0..<8 {
            halves.0 = halves.0 << 8 | UInt64(bytes[position + offset])
            halves.1 = halves.1 << 8 | UInt64(bytes[position + 8 + offset])
        }
        position += 16
        return Exemplar(duration: duration, traceHigh: halves.0, traceLow: halves.1)
    }

    /// The heads of groups, which are in ascending order.
    struct Groups {
        let textCount: Int
        private var last: (UInt32, UInt32, UInt8)?

        init(textCount: Int) { self.textCount = textCount }

        mutating func read(
            _ reader: inout SummaryReader
        ) throws(SummaryError) -> (first: UInt32, second: UInt32, kind: UInt8) {
            let (first, second) = (try reader.varint(), try reader.varint())
            guard first < UInt64(textCount), second < UInt64(textCount) else {
                throw reader.damaged("a text that is not there")
            }
            let group = (UInt32(first), UInt32(second), try reader.byte())
            if let last, !(last < group) { throw reader.damaged("groups are not in order") }
            last = group
            return (first: group.0, second: group.1, kind: group.2)
        }
    }

    /// The minutes of a group, which are in ascending order.
    struct Minutes {
        private var next: UInt64 = 0

        mutating func read(_ reader: inout SummaryReader) throws(SummaryError) -> UInt32 {
            let step = try reader.varint()
            guard step < SummaryMinute.end, next + step < SummaryMinute.end else {
                throw reader.damaged("a minute out of range")
            }
            let minute = UInt32(next + step)
            next = UInt64(minute) + 1
            return minute
        }
    }
}
