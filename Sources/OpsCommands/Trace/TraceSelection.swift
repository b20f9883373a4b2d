import TraceAssembly

/// Which rows of a trace are shown.
package struct TraceSelection: Sendable {
    package enum Subject: Sendable {
        case everything
        /// Failing spans, and what leads to them.
        case errors
        /// Spans that the trace waited for, and what leads to them.
        case criticalPath
    }

    package var subject = Subject.everything
    /// Levels below the roots.
    package var depth: Int?
    /// Whether runs of alike siblings stand as one row.
    package var folds = true
    package var maximumRows: Int?

    package init() {}

    /// The rows that are looked for, of all that come from `rows`; nil where all are shown.
    func wanted(_ overview: TraceOverview, _ rows: inout TraceRowCursor) throws(OpsError) -> WantedRows? {
        switch subject {
        case .everything: return nil
        case .errors where !overview.areErrorsTruncated: return WantedRows(overview.errors)
        case .errors, .criticalPath: break
        }
        var found: [Int] = []
        while let row = try rows.next() {
            if subject == .errors ? row.isError : row.criticalTime > 0 { found.append(row.index) }
        }
        rows.rewind()
        return WantedRows(found)
    }
}

/// Indices of rows.
struct WantedRows {
    /// Ascending.
    private let indices: [Int]

    init(_ indices: [Int]) { self.indices = indices }

    /// How many are at `index` or behind it.
    func count(from index: Int) -> Int { indices.count - place(of: index) }

    func contains(in range: Range<Int>) -> Bool {
        let place = place(of: range.lowerBound)
        return place < indices.count && indices[place] < range.upperBound
    }

    /// The place of the first that is not before `index`.
    private func place(of index: Int) -> Int {
        var (low, high) = (0, indices.count)
        while low < high {
            let middle = low + (high - low) / 2
            if indices[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
