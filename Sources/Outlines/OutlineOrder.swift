/// The order in which outlines have the spans of a closed trace, given those in rising order of their ids: it depends on nothing
/// but the parents.
package struct OutlineOrder: Sendable {
    /// Places of spans, parents before their children.
    package private(set) var order: [Int32] = []
    /// The way back.
    package private(set) var places: [Int32] = []
    private var path: [Int32] = []

    private static let notSeen: Int32 = -1
    private static let onPath: Int32 = -2

    package init() {}

    /// Orders spans by their parents' places; false where there is a ring. A negative place is none.
    package mutating func putParentsFirst(_ count: Int, _ parent: (Int) -> Int32) -> Bool {
        order.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        for _ in 0..<count { places.append(Self.notSeen) }
        for start in 0..<count {
            var next = Int32(truncatingIfNeeded: start)
            while next >= 0, places[Int(next)] == Self.notSeen {
                places[Int(next)] = Self.onPath
                path.append(next)
                next = parent(Int(next))
            }
            if next >= 0, places[Int(next)] == Self.onPath {
                path.removeAll(keepingCapacity: true)
                return false
            }
            while let index = path.popLast() {
                places[Int(index)] = Int32(truncatingIfNeeded: order.count)
                order.append(index)
            }
        }
        return true
    }

    /// As they are.
    mutating func keep(_ count: Int) {
        order.removeAll(keepingCapacity: true)
        for index in 0..<count { order.append(Int32(truncatingIfNeeded: index)) }
    }
}
