import SpanColumns
import TraceAssembly

/// A whole trace on a small raster: time to the right, rows from top to bottom, in each cell the hottest of what runs there.
struct TraceMinimap {
    struct Cell: Equatable {
        var column: Int
        var lane: Int
        var width: Int
        var step: Int
        var isError: Bool
    }
    let columns: Int
    let lanes: Int
    private(set) var cells: [Cell] = []

    private static let steps = LatencyStep.allCases.count
    static let maximumCells = 8000

    /// Costs a step for each node and for each cell, however long the nodes are.
    init(_ shape: TraceShape, columns: Int = 400, lanes: Int = 40) {
        self.columns = columns
        self.lanes = min(lanes, max(1, shape.count))
        let total = max(1, shape.summary.duration)
        let width = columns + 1
        // For each lane and step how many more begin than end at each column; failing ones once more in the last row.
        let rows = Self.steps + 1
        var changes = [Int32](repeating: 0, count: self.lanes * rows * width)
        func column(_ time: UInt64) -> Int {
            let offset = min(total - 1, time - min(time, shape.summary.start))
            // Smaller than `columns`, as the offset is smaller than the total.
            return Int(total.dividingFullWidth(offset.multipliedFullWidth(by: UInt64(columns))).quotient)
        }
        for node in 0..<shape.count {
            let lane = node * self.lanes / shape.count
            let first = column(shape.start[node])
            let last = max(first, column(shape.end[node]))
            let base = (lane * rows + Int(shape.colours.step[node].rawValue)) * width
            changes[base + first] += 1
            changes[base + last + 1] -= 1
            guard shape.isError(node) else { continue }
            let errors = (lane * rows + Self.steps) * width
            changes[errors + first] += 1
            changes[errors + last + 1] -= 1
        }
        for lane in 0..<self.lanes { draw(lane, changes[lane * rows * width..<(lane + 1) * rows * width]) }
        // Rather coarse than cut: pale cells go first.
        if cells.count > Self.maximumCells {
            cells = Array(
                cells.sorted { ($1.isError ? 5 : $1.step) < ($0.isError ? 5 : $0.step) }.prefix(Self.maximumCells)
            )
            .sorted { ($0.lane, $0.column) < ($1.lane, $1.column) }
        }
    }

    private mutating func draw(_ lane: Int, _ changes: ArraySlice<Int32>) {
        let width = columns + 1
        let base = changes.startIndex
        var running = [Int32](repeating: 0, count: Self.steps + 1)
        for column in 0..<columns {
            for row in running.indices { running[row] += changes[base + row * width + column] }
            guard let step = (0..<Self.steps).last(where: { running[$0] > 0 }) else { continue }
            let isError = running[Self.steps] > 0
            if let last = cells.last, last.lane == lane, last.column + last.width == column, last.step == step,
                last.isError == isError
            {
                cells[cells.count - 1].width += 1
            } else {
                cells.append(Cell(column: column, lane: lane, width: 1, step: step, isError: isError))
            }
        }
    }
}
