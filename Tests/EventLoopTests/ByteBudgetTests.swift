import Testing

@testable import EventLoop

@Suite struct ByteBudgetTests {
    @Test("A budget gives what it has and no more, and all of it again")
    func reserves() {
        let budget = ByteBudget(limit: 100)
        #expect(budget.reserve(60))
        #expect(!budget.reserve(41))
        #expect(budget.used == 60)
        #expect(budget.reserve(upTo: 1000) == 40)
        #expect(budget.reserve(upTo: 1) == 0)
        budget.release(100)
        #expect(budget.used == 0)
    }

    @Test("It is tight above three quarters")
    func isTight() {
        let budget = ByteBudget(limit: 100)
        budget.take(75)
        #expect(!budget.isTight)
        budget.take(1)
        #expect(budget.isTight)
    }

    @Test("A part of a budget reserves there as well, and is limited by it")
    func nests() {
        let whole = ByteBudget(limit: 100)
        let part = ByteBudget(limit: 80, within: whole)
        #expect(whole.reserve(50))
        #expect(!part.reserve(60))
        #expect((part.used, whole.used) == (0, 50))
        #expect(part.reserve(upTo: 80) == 50)
        #expect(part.isTight)
        part.release(50)
        #expect((part.used, whole.used) == (0, 50))
    }

    @Test("A share gives back what it holds when it is dropped, unless another has adopted it")
    func shares() {
        let budget = ByteBudget(limit: 100)
        var share: BudgetShare? = BudgetShare(of: budget)
        #expect(share?.grow(by: 70) == true)
        share?.shrink(by: 20)
        #expect(budget.used == 50)
        let adopted = BudgetShare(of: budget, adopting: share?.detach() ?? 0)
        share = nil
        #expect((budget.used, adopted.bytes) == (50, 50))
        adopted.giveBack()
        #expect(budget.used == 0)
    }
}
