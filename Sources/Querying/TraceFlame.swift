import SpanColumns
import TraceAssembly

/// Spans of a trace that lie on the same path of services and names, put together.
struct TraceFlame {
    struct Frame {
        /// Index of the frame above; -1 for none.
        var parent: Int
        var depth: Int
        /// Whose service and name it is.
        var operation: UInt32
        /// The first node of it.
        var first: Int
        var count = 0
        var errors = 0
        var total: UInt64 = 0
        var own: UInt64 = 0
        var critical: UInt64 = 0
        var step = LatencyStep.negligible
    }
    /// Frames above before those below.
    private(set) var frames: [Frame] = []
    /// Frames that were left out, those with least time.
    private(set) var left = 0

    private struct Key: Hashable {
        var parent: Int32
        var service: UInt32
        var name: UInt32
    }

    init(_ shape: TraceShape, limit: Int = 5000) {
        var all: [Frame] = []
        var places: [Key: Int32] = [:]
        var frameOf = [Int32](repeating: -1, count: shape.count)
        // Neighbours are often of one frame.
        var last = (key: Key(parent: -2, service: 0, name: 0), place: Int32(-1))
        for node in 0..<shape.count {
            let above = shape.parent[node] < 0 ? -1 : frameOf[Int(shape.parent[node])]
            let operation = shape.operations[Int(shape.operation[node])]
            let key = Key(parent: above, service: operation.service, name: operation.name)
            let place: Int32
            if key == last.key {
                place = last.place
            } else if let known = places[key] {
                place = known
            } else {
                place = Int32(truncatingIfNeeded: all.count)
                places[key] = place
                all.append(
                    Frame(
                        parent: Int(above), depth: above < 0 ? 0 : all[Int(above)].depth + 1,
                        operation: shape.operation[node], first: node))
            }
            frameOf[node] = place
            last = (key, place)
            all[Int(place)].add(node, shape)
        }
        guard all.count > limit else {
            frames = all
            return
        }
        // The largest, each with all that stands above it: those rank no lower, as each counts as much as the largest below it.
        var weight = all.map(\.total)
        for index in all.indices.reversed() where all[index].parent >= 0 {
            weight[all[index].parent] = max(weight[all[index].parent], weight[index])
        }
        var isKept = [Bool](repeating: false, count: all.count)
        for index in all.indices.sorted(by: { (weight[$1], $0) < (weight[$0], $1) }).prefix(limit) {
            isKept[index] = true
        }
        var number = [Int](repeating: -1, count: all.count)
        for index in all.indices where isKept[index] {
            number[index] = frames.count
            frames.append(all[index])
            if all[index].parent >= 0 { frames[frames.count - 1].parent = number[all[index].parent] }
        }
        left = all.count - frames.count
    }
}

extension TraceFlame.Frame {
    fileprivate mutating func add(_ node: Int, _ shape: TraceShape) {
        count += 1
        if shape.isError(node) { errors += 1 }
        total &+= shape.duration(node)
        own &+= shape.selfTime[node]
        critical &+= shape.criticalTime[node]
        step = max(step, shape.colours.step[node])
    }
}
