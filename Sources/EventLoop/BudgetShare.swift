/// What one holder has reserved of a budget; given back when the last reference to it is dropped. So it is kept beside the
/// bytes that it stands for, wherever these go. Lives on one thread.
package final class BudgetShare {
    private let budget: ByteBudget
    package private(set) var bytes = 0

    /// - Parameter bytes: reserved already, and now this share's to give back.
    package init(of budget: ByteBudget, adopting bytes: Int = 0) {
        self.budget = budget
        self.bytes = bytes
    }

    deinit { budget.release(bytes) }

    /// False, and nothing reserved, when the budget has not as much left.
    package func grow(by more: Int) -> Bool {
        guard budget.reserve(more) else { return false }
        bytes += more
        return true
    }

    /// A share of the same budget for what goes other ways; nil when that has not as much left.
    package func another(_ bytes: Int) -> BudgetShare? {
        let share = BudgetShare(of: budget)
        return share.grow(by: bytes) ? share : nil
    }

    /// Reserves what there is, at most `most`, and returns how much that was.
    package func grow(upTo most: Int) -> Int {
        let granted = budget.reserve(upTo: most)
        bytes += granted
        return granted
    }

    /// Counts what cannot be refused any more.
    package func take(_ more: Int) {
        budget.take(more)
        bytes += more
    }

    package func shrink(by less: Int) {
        precondition(less <= bytes, "a share gives back at most what it holds")
        bytes -= less
        budget.release(less)
    }

    /// Lets go of what is reserved without giving it back, for a share on another thread to adopt.
    package func detach() -> Int {
        defer { bytes = 0 }
        return bytes
    }

    package func adopt(_ reserved: Int) { bytes += reserved }

    package func giveBack() { shrink(by: bytes) }
}
