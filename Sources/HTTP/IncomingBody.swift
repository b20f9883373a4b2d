import EventLoop

/// The bytes of one request's body as they come, and their part of the budget.
struct IncomingBody {
    private(set) var bytes: [UInt8] = []
    private var share: BudgetShare?
    private var large: LargeBody?
    /// How long the body says it will be; 0 when it does not.
    var expectedBytes = 0
    /// Whether the service has seen its beginning.
    var isPlanned = false

    var count: Int { bytes.count }
    var isPaused: Bool { large?.isPaused == true }

    /// False, and nothing kept, when the budget has no room for `more`.
    mutating func append(
        _ more: UnsafeBufferPointer<UInt8>, _ memory: BodyMemory, now: MonotonicTime,
        whenLarge makeLarge: (BudgetShare) -> LargeBody
    ) -> Bool {
        let share = self.share ?? BudgetShare(of: memory.budget)
        guard memory.grow(share, by: more.count + (self.share == nil ? Self.ownCost : 0)) else { return false }
        self.share = share
        makeRoom(more.count)
        bytes.append(contentsOf: more)
        guard bytes.count >= BodyMemory.largeBytes else { return true }
        let large = self.large ?? makeLarge(share)
        if self.large == nil {
            self.large = large
            memory.add(large)
        }
        large.lastProgress = now
        memory.pause(large)
        return true
    }

    /// What a length only claims gets no memory, but a body that has begun to be long is believed: its pages cost nothing
    /// before they are written, and growing by doubling would copy them.
    private mutating func makeRoom(_ more: Int) {
        guard bytes.capacity < expectedBytes, bytes.capacity - bytes.count < more else { return }
        let isBelieved = bytes.count + more >= Self.believedFrom
        bytes.reserveCapacity(isBelieved ? expectedBytes : min(expectedBytes, Self.believedFrom))
    }

    private static let believedFrom = 16 << 10
    /// Of the request around the body.
    private static let ownCost = 2 << 10

    /// The whole body, for whom it was meant; from here on its memory is in the share.
    mutating func take(_ memory: BodyMemory) -> (bytes: [UInt8], share: BudgetShare) {
        let taken = (bytes, share ?? BudgetShare(of: memory.budget))
        forget(memory)
        return taken
    }

    /// Nobody wants it any more.
    mutating func drop(_ memory: BodyMemory) {
        let share = self.share
        forget(memory)
        share?.giveBack()
    }

    private mutating func forget(_ memory: BodyMemory) {
        let large = self.large
        (bytes, share, self.large) = ([], nil, nil)
        if let large { memory.remove(large) }
    }
}
