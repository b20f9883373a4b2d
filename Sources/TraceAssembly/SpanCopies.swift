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

    /// Rows with one id that are read again to be compared, and ids for which that is done. Beyond these hashes decide.
    private static let mostRows = 64
    private static let mostIDs = 4096

    init(_ columns: borrowing SpanColumns, pairing: some Pairing, _ resolve: ([Int]) -> [SpanValue]?) {
        let ids = columns.id
        let table = SpanIDTable(ids, pairing: pairing)
        // By the row that came first: the others with its id.
        var repeats: [Int32: [Int32]] = [:]
        for (first, row) in table.repeats { repeats[first, default: []].append(row) }
        row = Array(large: ids.indices.lazy.map { Int32(truncatingIfNeeded: $0) })
        input = TreeInput(
            id: ids, parent: columns.parent, start: columns.start, end: columns.end,
            oddities: [SpanOddities](large: [], count: ids.count), table: table)
        guard !repeats.isEmpty else { return }
        var standing = row
        var oddities = input.oddities
        var isLeftOut = [Bool](repeating: false, count: ids.count)
        var resolved = 0
        for first in repeats.keys.sorted() {
            let rows = [Int(first)] + (repeats[first] ?? []).map { Int($0) }
            for row in rows.dropFirst() { isLeftOut[row] = true }
            var spans: [SpanValue]?
            if rows.contains(where: { columns.content[$0] != columns.content[rows[0]] }),
                rows.count <= Self.mostRows, resolved < Self.mostIDs
            {
                resolved += 1
                spans = resolve(rows)
            }
            let found =
                if let spans, spans.count == rows.count { merge(rows, spans) } else { merge(rows, columns) }
            standing[Int(first)] = Int32(truncatingIfNeeded: found.row)
            oddities[Int(first)] = found.oddities
        }
        let kept = standing.indices.filter { !isLeftOut[$0] }
        row = kept.map { standing[$0] }
        let distinct = kept.map { ids[$0] }
        input = TreeInput(
            id: distinct, parent: row.map { columns.parent[Int($0)] }, start: row.map { columns.start[Int($0)] },
            end: row.map { columns.end[Int($0)] }, oddities: kept.map { oddities[$0] },
            table: SpanIDTable(distinct, pairing: pairing))
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
