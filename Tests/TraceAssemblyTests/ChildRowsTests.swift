import Testing
import TraceModel

@testable import TraceAssembly

@Suite("Children stand in rows of their own")
struct ChildRowsTests {
    /// Few keys among many children make ties, many are a row that is sorted without comparing.
    @Test("A row is put in order as a stable sort does it", arguments: 0..<60 as Range<UInt64>)
    func rows(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...300, using: &generator)
        let parents = (0..<count).map { node in
            node == 0 || Int.random(in: 0..<4, using: &generator) == 0
                ? -1 : Int32.random(in: 0..<Int32(min(node, 4)), using: &generator)
        }
        let keys = (0..<count).map { _ in
            UInt64.random(in: 0...40, using: &generator) << UInt64.random(in: 0...50, using: &generator)
        }
        let minor = (0..<count).map { _ in UInt64.random(in: 0...3, using: &generator) }
        for isFalling in [false, true] {
            var rows = ChildRows(parents: parents)
            for node in 0...count {
                let expected = (0..<count).filter { parents[$0] == (node == count ? -1 : Int32(node)) }
                #expect(rows.children[rows.row(of: node)].map { Int($0) } == expected)
                rows.sort(rows.row(of: node), by: keys, minor, isFalling: isFalling)
                let sorted = expected.sorted { left, right in
                    let (first, second) = isFalling ? (right, left) : (left, right)
                    return (keys[first], minor[first]) != (keys[second], minor[second])
                        ? (keys[first], minor[first]) < (keys[second], minor[second]) : left < right
                }
                #expect(rows.children[rows.row(of: node)].map { Int($0) } == sorted)
            }
        }
    }

    @Test("Children with one key are put in the order that the caller gives, and no others are moved")
    func ties() {
        var rows = ChildRows(parents: [-1, 0, 0, 0, 0, -1])
        let keys: [UInt64] = [0, 5, 5, 9, 5, 0]
        rows.sort(rows.row(of: 0), by: keys)
        rows.sortTies(rows.row(of: 0), of: keys) { $0 > $1 }
        #expect(rows.children[rows.row(of: 0)] == [4, 2, 1, 3])
        #expect(Array(rows.roots) == [0, 5])
    }
}
