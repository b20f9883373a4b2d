import EventLoop

/// The bytes of one request's body as they come, and their part of the budget.
struct IncomingBody {
    private(set) var bytes: [UInt8] = []
    private var share: BudgetShare?
    /// Of what the share holds, what stands for `bytes`.
    private var held = 0
    private var large: LargeBody?
    /// How long the body says it will be; 0 when it does not.
    var expectedBytes = 0
    /// Whether the service has seen its beginning.
    var isPlanned = false

    var count: Int { bytes.count }
    var isPaused: Bool { large?.isPaused == true }

    /// Reserves what the request's head takes, to be called before the first bytes; false when the budget has no room.
    mutating func holdHead(_ head: RequestHead, _ memory: BodyMemory) -> Bool {
        let share = BudgetShare(of: memory.budget)
        let fields = head.headers.fields.reduce(head.path.utf8.count) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + 64
        }
        guard memory.grow(share, by: Self.ownCost + fields) else { return false }
        self.share = share
        return true
    }

    /// False, and nothing kept, when the budget has no room for `more`.
    mutating func append(
        _ more: UnsafeBufferPointer<UInt8>, _ memory: BodyMemory, now: MonotonicTime,
        whenLarge makeLarge: (BudgetShare) -> LargeBody
    ) -> Bool {
        let share = self.share ?? BudgetShare(of: memory.budget)
        let capacity = capacity(for: bytes.count + more.count)
        let held = Self.held(capacity, count: bytes.count + more.count) - self.held
        guard memory.grow(share, by: held + (self.share == nil ? Self.ownCost : 0)) else { return false }
        self.held += held
        self.share = share
        if bytes.capacity < capacity { bytes.reserveCapacity(capacity) }
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

    /// What a length only claims gets no memory: room grows with what comes. Once there is some of it a length that the
    /// system has pages for is believed: they cost nothing before they are written, and growing would copy what there is and
    /// leave holes in the heap.
    private func capacity(for needed: Int) -> Int {
        guard needed > bytes.capacity else { return bytes.capacity }
        guard needed < expectedBytes else { return max(needed, bytes.capacity * 2) }
        guard bytes.capacity > 0 else { return min(max(needed, Self.leastRoom), expectedBytes) }
        var room = expectedBytes
        // In steps that end with the length, so that the last and longest copy is of a quarter of it.
        while needed < Self.believedFrom || expectedBytes < Self.mappedFrom, room / 4 >= needed { room /= 4 }
        return room
    }

    /// What room of that size takes, `count` bytes of it written: below the allocator's threshold all of it may have been written
    /// before, by others.
    private static func held(_ capacity: Int, count: Int) -> Int { capacity < mappedFrom ? capacity : count }

    private static let mappedFrom = 1 << 20
    private static let leastRoom = 16 << 10
    private static let believedFrom = 64 << 10
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
        (bytes, share, held, self.large) = ([], nil, 0, nil)
        if let large { memory.remove(large) }
    }
}
