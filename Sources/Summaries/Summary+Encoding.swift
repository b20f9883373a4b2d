// summary    := version:u8 beyondBounds:varint texts group* (operations) group* (calls), see docs/Summaries.md
extension Summary {
    static let version: UInt8 = 1

    /// The same bytes for the same figures. Without a checksum.
    package func encode() -> [UInt8] { settled().encodeRows() }

    private func encodeRows() -> [UInt8] {
        var used: Set<UInt32> = []
        for key in operations.keys {
            used.insert(key.service)
            used.insert(key.operation)
        }
        for key in calls.keys {
            used.insert(key.from)
            used.insert(key.to)
        }
        let ordered = used.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
        var ranks: [UInt32] = Array(repeating: 0, count: texts.texts.count)
        for (rank, number) in ordered.enumerated() { ranks[Int(number)] = UInt32(rank) }

        var writer = SummaryWriter()
        writer.byte(Self.version)
        writer.varint(beyondBounds)
        writer.varint(UInt64(ordered.count))
        for number in ordered {
            writer.varint(UInt64(texts[number].count))
            writer.bytes.append(contentsOf: texts[number])
        }
        Self.write(
            operations.map { key, figures in
                Row(
                    first: ranks[Int(key.service)], second: ranks[Int(key.operation)], kind: key.kind,
                    minute: key.minute, figures: figures)
            }, to: &writer)
        Self.write(
            calls.map { key, figures in
                Row(
                    first: ranks[Int(key.from)], second: ranks[Int(key.to)], kind: key.kind.rawValue,
                    minute: key.minute, figures: figures)
            }, to: &writer)
        return writer.bytes
    }

    private struct Row {
        var first: UInt32
        var second: UInt32
        var kind: UInt8
        var minute: UInt32
        var figures: Figures

        func isInGroup(of other: Row) -> Bool {
            first == other.first && second == other.second && kind == other.kind
        }
    }

    private static func write(_ rows: [Row], to writer: inout SummaryWriter) {
        let rows = rows.sorted {
            ($0.first, $0.second, $0.kind, $0.minute) < ($1.first, $1.second, $1.kind, $1.minute)
        }
        var groups = 0
        for (index, row) in rows.enumerated() where index == 0 || !row.isInGroup(of: rows[index - 1]) { groups += 1 }
        writer.varint(UInt64(groups))
        var position = 0
        while position < rows.count {
            let head = rows[position]
            var end = position
            while end < rows.count, rows[end].isInGroup(of: head) { end += 1 }
            writer.varint(UInt64(head.first))
            writer.varint(UInt64(head.second))
            writer.byte(head.kind)
            writer.varint(UInt64(end - position))
            var minute: UInt32 = 0
            for (offset, row) in rows[position..<end].enumerated() {
                writer.varint(UInt64(offset == 0 ? row.minute : row.minute - minute - 1))
                minute = row.minute
                writer.figures(row.figures)
            }
            position = end
        }
    }
}

/// Appends the parts of a summary.
struct SummaryWriter {
    var bytes: [UInt8] = []

    mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func signed(_ value: Int64) { varint(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func signed(_ value: Int128) {
        var rest = UInt128(truncatingIfNeeded: value << 1 ^ value >> 127)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func figures(_ figures: Figures) {
        let (slowest, failed) = (figures.exemplars.slowest, figures.exemplars.failed)
        var flags: FigureFlags = []
        if figures.errors != 0 { flags.insert(.errors) }
        if slowest != .none { flags.insert(.slowest) }
        if failed != .none { flags.insert(failed == slowest ? .failedIsSlowest : .failed) }
        byte(flags.rawValue)
        if flags.contains(.errors) { signed(figures.errors) }
        signed(figures.durationSum)
        varint(UInt64(figures.durations.buckets.count))
        var next: UInt16 = 0
        for bucket in figures.durations.buckets {
            varint(UInt64(bucket.index - next) << 1 | (bucket.count == 1 ? 0 : 1))
            if bucket.count != 1 { signed(bucket.count) }
            next = bucket.index + 1
        }
        if flags.contains(.slowest) { exemplar(slowest) }
        if flags.contains(.failed) { exemplar(failed) }
    }

    private mutating func exemplar(_ exemplar: Exemplar) {
        varint(exemplar.duration)
        for half in [exemplar.traceHigh, exemplar.traceLow] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) { byte(UInt8(truncatingIfNeeded: half >> shift)) }
        }
    }
}

struct FigureFlags: OptionSet {
    var rawValue: UInt8

    static let errors = FigureFlags(rawValue: 1)
    static let slowest = FigureFlags(rawValue: 2)
    static let failed = FigureFlags(rawValue: 4)
    /// In place of `failed`: the two are the same.
    static let failedIsSlowest = FigureFlags(rawValue: 8)
}
