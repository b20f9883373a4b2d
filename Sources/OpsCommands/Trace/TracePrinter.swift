import TraceAssembly

/// Writes the rows of a trace that a selection shows, as they come.
package struct TracePrinter {
    private let overview: TraceOverview
    private let selection: TraceSelection
    private var tree: TerminalTree
    /// For each row above the current one: the index behind its subtree.
    private var ends: [Int] = []
    private var shown = 0

    package init(_ overview: TraceOverview, _ selection: TraceSelection, _ style: TerminalTree.Style) {
        self.overview = overview
        self.selection = selection
        tree = TerminalTree(overview, style)
    }

    /// - Parameter write: takes the text piece by piece; false ends the work.
    package mutating func print(_ rows: TraceRowCursor, to write: (String) -> Bool) throws(OpsError) {
        var rows = rows
        guard write(tree.header()), overview.nodeCount > 0 else { return }
        let wanted = try selection.wanted(overview, &rows)
        if let wanted, wanted.count(from: 0) == 0 {
            _ = write(tree.remark(selection.subject == .errors ? "No span failed." : "No span has a time."))
            return
        }
        guard write(tree.columnHeads()) else { return }
        let most = max(1, selection.maximumRows ?? .max)
        while let row = try rows.next() {
            ends.removeSubrange(min(row.depth, ends.count)...)
            let above = ends.last ?? overview.nodeCount
            if let wanted, !wanted.contains(in: row.index..<row.end) {
                rows.skip(to: row.end)
                continue
            }
            guard shown < most else {
                if let wanted {
                    _ = write(tree.left(wanted.count(from: row.index), "such span"))
                } else {
                    _ = write(tree.left(overview.nodeCount - row.index, "row"))
                }
                break
            }
            shown += 1
            let text: String
            if let fold = row.fold, wanted == nil, selection.folds {
                var run = FoldedRun(row, tree.emptyBar())
                let end = row.index + fold.nodes
                while run.last + 1 < end, let other = try rows.next() { run.add(other) }
                ends.append(end)
                text = tree.run(run, isLast: end >= above)
            } else {
                let isLast = wanted.map { !$0.contains(in: row.end..<max(row.end, above)) } ?? (row.end >= above)
                ends.append(row.end)
                let isCut = selection.depth.map { row.depth >= $0 } ?? false
                if isCut { rows.skip(to: row.end) }
                text = tree.row(row, isLast: isLast, hidden: isCut ? row.subtreeCount - 1 : 0)
            }
            guard write(text) else { return }
        }
        _ = write(tree.legend())
    }
}
