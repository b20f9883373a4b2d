/// One action at one instant. Lives on the loop that made it.
package final class Timer {
    fileprivate let deadline: MonotonicTime
    private var action: (() -> Void)?

    init(deadline: MonotonicTime, action: @escaping () -> Void) {
        self.deadline = deadline
        self.action = action
    }

    /// After this the action does not run. Safe to call at any time, and twice.
    package func cancel() { action = nil }

    fileprivate var isCancelled: Bool { action == nil }

    func fire() {
        let action = self.action
        self.action = nil
        action?()
    }
}

/// Timers by deadline, the earliest on top. A cancelled timer stays until it is due or until cancelled ones are the
/// majority, whichever is first, so their number is bounded by that of the live ones.
struct TimerHeap {
    private var heap: [Timer] = []
    private var insertionsUntilSweep = 64

    var earliest: MonotonicTime? { heap.first?.deadline }

    mutating func insert(_ timer: Timer) {
        insertionsUntilSweep -= 1
        if insertionsUntilSweep <= 0 { sweep() }
        heap.append(timer)
        siftUp(heap.count - 1)
    }

    mutating func popDue(at now: MonotonicTime) -> Timer? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        return first
    }

    private mutating func sweep() {
        heap.removeAll { $0.isCancelled }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
        insertionsUntilSweep = max(64, heap.count)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].deadline < heap[parent].deadline else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
