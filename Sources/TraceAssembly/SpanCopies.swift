import OTLP
import SpanColumns
import LargeArrays

/// Which row of the columns stands for each span id, where several came with one.
struct SpanCopies {
    private(set) var input: TreeInput
    /// For each entry of the input.
    private(set) var row: [Int32]
    /// Copies that were merged away.
    private(set) var duplicateCount = 0
    /// Different spans that share their id with the one that stands.
    private(set) var conflictCount = 0
    private(set) var copyPlaces = CopyPlaces()

    /// Rows with one id that are read again to be compared, and ids for which that is done. Beyond these hashes decide.
    private static let mostRows = 64
    private static let mostIDs = 4096

    init(_ columns: borrowing SpanColumns, pairing: some Pairing, _ resolve: ([Int]) -> [SpanValue?]) {
        let ids = columns.id
        let table = SpanIDTable(ids, pairing: pairing)
        row = Array(large: ids.indices.lazy.map { Int32(truncatingIfNeeded: $0) })
        input = TreeInput(
            id: ids, parent: columns.parent, start: columns.start, end: columns.end,
            oddities: [SpanOddities](large: [], count: ids.count), table: table)
        guard !table.repeats.isEmpty else { return }
        let groups = Self.groups(table.repeats)
        copyPlaces = CopyPlaces(groups, ids, columns.place)
        let disputed = groups.filter { rows in
            rows.count <= Self.mostRows && rows.contains { columns.content[$0] != columns.content[rows[0]] }
        }.prefix(Self.mostIDs)
        // Asked for together, as many lie in one place.
        var answers = resolve(disputed.flatMap(\.self))[...]
        let resolved = Set(disputed.map { $0[0] })
        var standing = row
        var oddities = input.oddities
        var isLeftOut = [Bool](repeating: false, count: ids.count)
        for rows in groups {
            for row in rows.dropFirst() { isLeftOut[row] = true }
            var spans: [SpanValue] = []
            if resolved.contains(rows[0]) {
                spans = answers.prefix(rows.count).compactMap(\.self)
                answers = answers.dropFirst(rows.count)
            }
            let found = spans.count == rows.count ? merge(rows, spans) : merge(rows, columns)
            standing[rows[0]] = Int32(truncatingIfNeeded: found.row)
            oddities[rows[0]] = found.oddities
        }
        let kept = standing.indices.filter { !isLeftOut[$0] }
        row = kept.map { standing[$0] }
        let distinct = kept.map { ids[$0] }
        input = TreeInput(
            id: distinct, parent: row.map { columns.parent[Int($0)] }, start: row.map { columns.start[Int($0)] },
            end: row.map { columns.end[Int($0)] }, oddities: kept.map { oddities[$0] },
            table: SpanIDTable(distinct, pairing: pairing))
    }

    /// Rows with one id, the first of them first.
    private static func groups(_ repeats: [(first: Int32, index: Int32)]) -> [[Int]] {
        var groups: [[Int]] = []
        var places: [Int32: Int] = [:]
        for (first, row) in repeats {
            if let place = places[first] {
                groups[place].append(Int(row))
            } else {
                places[first] = groups.count
                groups.append([Int(first), Int(row)])
            }
        }
        return groups
    }

    private mutating func merge(_ rows: [Int], _ spans: [SpanValue]) -> (row: Int, oddities: SpanOddities) {
        let merged = MergedSpan(spans)
        let row = rows[spans.firstIndex { $0 == merged.span } ?? 0]
        return (row, note(merged.copies, variants: merged.variants.count, variantCopies: merged.variantCopies))
    }

    private mutating func merge(
        _ rows: [Int], _ columns: borrowing SpanColumns
    ) -> (row: Int, oddities: SpanOddities) {
        var standing = rows[0]
        var contents: [UInt64: Int] = [:]
        for row in rows {
            contents[columns.content[row], default: 0] += 1
            let key = (~columns.end[row], columns.start[row], columns.content[row])
            if key < (~columns.end[standing], columns.start[standing], columns.content[standing]) { standing = row }
        }
        let copies = contents[columns.content[standing]] ?? 1
        let variants = contents.count - 1
        return (standing, note(copies, variants: variants, variantCopies: rows.count - copies - variants))
    }

    private mutating func note(_ copies: Int, variants: Int, variantCopies: Int) -> SpanOddities {
        var oddities: SpanOddities = []
        if copies > 1 { oddities.insert(.duplicate) }
        if variants > 0 { oddities.insert(.conflict) }
        duplicateCount += copies - 1 + variantCopies
        conflictCount += variants
        return oddities
    }
}
