import QueryLanguage
import TraceAssembly
import TraceModel
import TraceSearch

/// Finds the nodes of a trace that satisfy a query, in the view that is at hand: what its columns do not tell is asked of the indexes of
/// where its spans lie, and then of the spans themselves.
struct TraceQuery {
    let source: any TraceSource
    /// Ends the reading.
    let deadline: ContinuousClock.Instant

    /// From so many places on spans are read by two threads.
    private static let manyPlaces = 32

    func find(
        _ expression: QueryExpression, in view: TraceView
    ) throws -> (nodes: NodeSet, isWhole: Bool) {
        var query = ShapeQuery(expression, view.shape)
        guard !query.open.isEmpty else { return (query.found(isWhole: true), true) }
        let frames = source.frames()
        let order = NodesByPlace(query.open.map(\.nodes), view.shape.place, places: view.places.count)
        let left = settle(&query, by: order, view, frames)
        let isWhole = try read(left, order, &query, view, frames)
        return (query.found(isWhole: isWhole), isWhole)
    }

    /// What indexes tell of whole places. Gives those that have to be read.
    private func settle(
        _ query: inout ShapeQuery, by order: NodesByPlace, _ view: TraceView, _ frames: any TraceFrames
    ) -> [Int] {
        let asked = order.places.map { view.places[$0] }
        var isLeft = [Bool](repeating: false, count: asked.count)
        for part in query.open.indices {
            let answers = frames.ask(FrameSieve(query.open[part].expression), of: asked)
            var settled = NodeSet(count: view.shape.count)
            var yes = settled
            for index in answers.indices {
                if answers[index] == .some {
                    isLeft[index] = true
                    continue
                }
                let nodes = order.nodes(at: order.places[index])
                settled.insert(nodes)
                if answers[index] == .all { yes.insert(nodes) }
            }
            query.settle(part, settled, yes: yes)
        }
        return zip(order.places, isLeft).filter(\.1).map(\.0)
    }

    // MARK: Reading

    private func read(
        _ places: [Int], _ order: NodesByPlace, _ query: inout ShapeQuery, _ view: TraceView, _ frames: any TraceFrames
    ) throws -> Bool {
        guard places.count >= Self.manyPlaces else {
            let found = try read(places[...], order, query, view, frames)
            for part in query.open.indices { query.settle(part, found.read, yes: found.yes[part]) }
            return found.isWhole
        }
        let half = places.count / 2
        // Each of the two is used by one thread alone; the source is not asked there.
        nonisolated(unsafe) let (own, second) = (frames, source.frames())
        nonisolated(unsafe) let reading = self
        let asked = query
        let (first, other) = SideBySide().both(
            { Result { try reading.read(places[..<half], order, asked, view, own) } },
            { Result { try reading.read(places[half...], order, asked, view, second) } })
        var isWhole = true
        for found in [try first.get(), try other.get()] {
            for part in query.open.indices { query.settle(part, found.read, yes: found.yes[part]) }
            isWhole = isWhole && found.isWhole
        }
        return isWhole
    }

    private struct Found: Sendable {
        /// Nodes whose place was read.
        var read: NodeSet
        /// For each open part those that satisfy it.
        var yes: [NodeSet]
        var isWhole: Bool
    }

    private func read(
        _ places: ArraySlice<Int>, _ order: NodesByPlace, _ query: ShapeQuery, _ view: TraceView,
        _ frames: any TraceFrames
    ) throws -> Found {
        var reading = OpenReading(query)
        var read = NodeSet(count: view.shape.count)
        var isWhole = true
        for place in places {
            guard ContinuousClock.now < deadline else {
                isWhole = false
                break
            }
            let nodes = order.nodes(at: place)
            reading.begin(nodes)
            try frames.forEachRequest(at: view.places[place]) { request, _ in
                reading.read(request.bindMemory(to: UInt8.self).span)
            }
            reading.end()
            read.insert(nodes)
        }
        return Found(read: read, yes: reading.yes, isWhole: isWhole)
    }
}

/// Nodes by the place where their spans lie.
private struct NodesByPlace: Sendable {
    /// Those with nodes.
    let places: [Int]
    private let order: [Int32]
    /// Where the nodes of a place end in `order`; they begin where those of the place before end.
    private let ends: [Int]

    /// - Parameter sets: nodes in any of them are taken, once.
    init(_ sets: [NodeSet], _ place: [UInt32], places count: Int) {
        var all = NodeSet(count: place.count)
        for set in sets { all.formUnion(set) }
        let nodes = all.nodes
        var next = [Int](repeating: 0, count: count)
        for node in nodes { next[Int(place[Int(node)])] += 1 }
        places = next.indices.filter { next[$0] > 0 }
        var sum = 0
        for index in next.indices {
            let begin = sum
            sum += next[index]
            next[index] = begin
        }
        var order = [Int32](repeating: 0, count: sum)
        for node in nodes {
            let own = Int(place[Int(node)])
            order[next[own]] = node
            next[own] += 1
        }
        (self.order, ends) = (order, next)
    }

    func nodes(at place: Int) -> ArraySlice<Int32> { order[(place == 0 ? 0 : ends[place - 1])..<ends[place]] }
}
