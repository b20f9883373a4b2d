/// Of the large batches of all collectors one at a time is in memory: whoever packs one has this place until it is answered.
/// Lives on the loop that forwards.
final class PlaceForLarge {
    private var isTaken = false
    private var waiting: [() -> Void] = []

    /// False where another has it.
    func takeIfFree() -> Bool { take(orWhenFree: nil) }

    /// False where another has it; `free` is then called once it may be had.
    func take(orWhenFree free: (() -> Void)?) -> Bool {
        guard isTaken else {
            isTaken = true
            return true
        }
        if let free { waiting.append(free) }
        return false
    }

    func giveBack() {
        isTaken = false
        let waited = waiting
        waiting = []
        for free in waited { free() }
    }
}
