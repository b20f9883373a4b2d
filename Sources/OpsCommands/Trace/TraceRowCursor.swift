import TraceAssembly

/// Goes through a trace's rows in order and asks for them page by page, so that no more than a page is held.
package struct TraceRowCursor {
    package typealias Fetch = (_ offset: Int, _ limit: Int) throws(OpsError) -> [TraceRow]

    private let first: [TraceRow]
    private let count: Int
    private let fetch: Fetch
    private var page: [TraceRow]
    private var position = 0

    static let pageSize = 1000

    package init(_ overview: TraceOverview, fetch: @escaping Fetch) {
        first = overview.rows
        page = overview.rows
        count = overview.nodeCount
        self.fetch = fetch
    }

    /// The row at the cursor, which goes on to the one behind it; nil behind the last.
    package mutating func next() throws(OpsError) -> TraceRow? {
        guard position < count else { return nil }
        if !holds(position) { page = try fetch(position, min(Self.pageSize, count - position)) }
        guard holds(position) else { return nil }
        let row = page[position - page[0].index]
        position += 1
        return row
    }

    /// Goes to the row at `index`, without asking for those between.
    package mutating func skip(to index: Int) { position = max(position, index) }

    package mutating func rewind() {
        (page, position) = (first, 0)
    }

    private func holds(_ index: Int) -> Bool {
        guard let start = page.first?.index else { return false }
        return index >= start && index - start < page.count
    }
}
