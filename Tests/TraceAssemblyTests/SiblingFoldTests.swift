import Testing

@testable import TraceAssembly

@Suite("Runs of alike siblings are found")
struct SiblingFoldTests {
    /// Leaves below one root, which is node 0 with a key of its own.
    private func folds(_ keys: [UInt32]) -> [SiblingFold] {
        SiblingFolds.find(
            parent: [-1] + keys.map { _ in 0 }, subtreeCount: [Int32(keys.count + 1)] + keys.map { _ in 1 },
            key: [99] + keys, duration: [1_000] + keys.map { UInt64($0) }, isError: [true] + keys.map { $0 == 3 })
    }

    @Test("Ten are a run, nine are not")
    func bound() {
        #expect(folds(Array(repeating: 5, count: 9)).isEmpty)
        #expect(
            folds(Array(repeating: 5, count: 10)) == [
                SiblingFold(first: 1, nodes: 10, siblings: 10, errors: 0, duration: 50)
            ])
    }

    @Test("Another sibling ends a run; errors are counted")
    func interrupted() {
        let keys = Array(repeating: UInt32(3), count: 12) + [4] + Array(repeating: 3, count: 10)
        #expect(
            folds(keys) == [
                SiblingFold(first: 1, nodes: 12, siblings: 12, errors: 12, duration: 36),
                SiblingFold(first: 14, nodes: 10, siblings: 10, errors: 10, duration: 30),
            ])
    }

    @Test("Nodes marked as unlike never fold, roots do")
    func unlikeAndRoots() {
        let count = 12
        func find(_ key: UInt32) -> [SiblingFold] {
            SiblingFolds.find(
                parent: Array(repeating: -1, count: count), subtreeCount: Array(repeating: 1, count: count),
                key: Array(repeating: key, count: count), duration: Array(repeating: .max, count: count),
                isError: Array(repeating: false, count: count))
        }
        #expect(find(SiblingFolds.unlike).isEmpty)
        #expect(find(0) == [SiblingFold(first: 0, nodes: 12, siblings: 12, errors: 0, duration: .max)])
        #expect(SiblingFolds.find(parent: [], subtreeCount: [], key: [], duration: [], isError: []).isEmpty)
    }

    @Test("Cousins do not fold across parents")
    func cousins() {
        // Two parents of different keys with five alike leaves each.
        let parent: [Int32] = [-1, 0, 0, 0, 0, 0, -1, 6, 6, 6, 6, 6]
        let found = SiblingFolds.find(
            parent: parent, subtreeCount: [6, 1, 1, 1, 1, 1, 6, 1, 1, 1, 1, 1],
            key: [8, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1], duration: parent.map { _ in 1 },
            isError: parent.map { _ in false })
        #expect(found.isEmpty)
    }

    @Test("A million alike siblings are one fold")
    func wide() {
        let found = folds(Array(repeating: 1, count: 1_000_000))
        #expect(found == [SiblingFold(first: 1, nodes: 1_000_000, siblings: 1_000_000, errors: 0, duration: 1_000_000)])
    }
}
