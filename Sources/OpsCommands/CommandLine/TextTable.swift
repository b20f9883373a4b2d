import TraceAssembly
/// Columns of text, each as wide as its widest cell; numbers stand at the right.
package struct TextTable: Sendable {
    /// A column, and what puts a colour round a cell of it.
    package typealias Paint = (column: Int, colour: @Sendable (String) -> String)

    private var rows: [(cells: [String], isRed: Bool, paint: Paint?)] = []
    private let head: [String]
    private let leading: Int

    /// - Parameter leading: how many columns hold words, which stand at the left.
    package init(_ head: [String], leading: Int = 1) {
        self.head = head
        self.leading = leading
    }

    /// - Parameter paint: the colour of one cell, in a row that is not red.
    package mutating func add(_ cells: [String], isRed: Bool = false, paint: Paint? = nil) {
        precondition(cells.count == head.count, "a row has \(cells.count) cells, its head \(head.count)")
        rows.append((cells.map(\.withoutControls), isRed, paint))
    }

    package func text(style: TextStyle) -> String {
        let widths = head.indices.map { column in
            rows.reduce(head[column].count) { max($0, TerminalText.width(of: $1.cells[column])) }
        }
        func line(_ cells: [String], _ paint: Paint? = nil) -> String {
            let padded = cells.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - TerminalText.width(of: cells[column]))
                let cell = column < leading ? cells[column] + space : space + cells[column]
                return paint?.column == column ? paint?.colour(cell) ?? cell : cell
            }
            return "  " + padded.joined(separator: "  ")
        }
        return style.dim(line(head)) + "\n"
            + rows.map { ($0.isRed ? style.red(line($0.cells)) : line($0.cells, $0.paint)) + "\n" }.joined()
    }
}

extension String {
    /// What a peer said, without what could steer a terminal.
    var withoutControls: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { !$0.steersText }))
    }
}

extension Unicode.Scalar {
    /// Controls, and marks that turn the direction of the text behind them.
    fileprivate var steersText: Bool {
        switch value {
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: properties.generalCategory == .control
        }
    }
}
