/// Spans as a line of characters on the trace's time axis.
///
/// `█` is time for which the trace waited for this very span, `▒` the rest of the span, `┄` a span that never arrived.
struct RowBar {
    private var cells: [Character]
    private let whole: UInt64

    init(columns: Int, whole: UInt64) {
        cells = Array(repeating: " ", count: columns)
        self.whole = max(1, whole)
    }

    var text: String { String(cells) }

    mutating func draw(_ row: TraceRow) {
        let range = cellRange(row.offset, row.duration)
        if row.duration == 0, row.absence == nil {
            put("▏", range.lowerBound)
        } else {
            for cell in range { put(row.absence == nil ? "▒" : "┄", cell) }
        }
        for stretch in row.path {
            for cell in cellRange(stretch.offset, stretch.duration) { cells[cell] = "█" }
        }
    }

    /// What is more stays over what is less.
    private mutating func put(_ character: Character, _ cell: Int) {
        if cells[cell] == " " || character == "▒" && cells[cell] != "█" { cells[cell] = character }
    }

    /// The cells that a stretch of time touches, at least one.
    private func cellRange(_ offset: UInt64, _ duration: UInt64) -> Range<Int> {
        let scale = Double(cells.count) / Double(whole)
        let first = min(max(0, Int(min(Double(offset) * scale, 1e6).rounded(.down))), cells.count - 1)
        let end = (Double(offset) + Double(duration)) * scale
        let last = min(max(first + 1, Int(min(end, 1e6).rounded(.up))), cells.count)
        return first..<last
    }
}
