import Testing

@testable import Spool

@Suite struct RecentDigestsTests {
    @Test("The last digests are known, and the oldest make room")
    func bounded() {
        var recent = RecentDigests(capacity: 2)
        for digest: UInt64 in [1, 2, 3] { recent.insert(digest) }
        #expect([1, 2, 3].map { recent.contains($0) } == [false, true, true])
    }

    @Test("A digest that was taken back is unknown, and its place is used again")
    func removal() {
        var recent = RecentDigests(capacity: 2)
        recent.insert(1)
        recent.remove(1)
        #expect(!recent.contains(1))
        for digest: UInt64 in [2, 3] { recent.insert(digest) }
        #expect([2, 3].map { recent.contains($0) } == [true, true])
    }
}
