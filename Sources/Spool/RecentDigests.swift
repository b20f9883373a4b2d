/// The digests of the last messages that a lane took, so that a message that a sender repeats, because it did not see the
/// answer, is stored once. Bounded: the oldest make room. Lives with its lane.
struct RecentDigests {
    private let capacity: Int
    private var members: Set<UInt64> = []
    private var order: [UInt64] = []
    private var next = 0

    init(capacity: Int = 16_384) { self.capacity = max(1, capacity) }

    func contains(_ digest: UInt64) -> Bool { members.contains(digest) }

    mutating func insert(_ digest: UInt64) {
        guard members.insert(digest).inserted else { return }
        if order.count < capacity {
            order.append(digest)
            return
        }
        members.remove(order[next])
        order[next] = digest
        next = next + 1 == capacity ? 0 : next + 1
    }

    /// Takes back what was inserted and then not stored. Its place in the order stays, and costs one later digest its own.
    mutating func remove(_ digest: UInt64) { members.remove(digest) }
}
