import Testing

@testable import SegmentStore

@Suite("Frames kept for the next search")
struct FrameCacheTests {
    private let cache = FrameCache(maxBytes: 1600)

    private func place(_ frame: Int, salt: UInt64 = 1) -> FrameCache.Place {
        FrameCache.Place(salt: salt, frame: frame)
    }
    private func keep(_ frames: Range<Int>, bytes: Int = 100) {
        for frame in frames { cache.keep([UInt8](repeating: UInt8(frame), count: bytes), at: place(frame)) }
    }

    @Test("What was used last stays when there is no more room")
    func evictsOldest() {
        keep(0..<16)
        #expect(cache.find(place(0)) == [UInt8](repeating: 0, count: 100))
        keep(16..<18)
        #expect(cache.find(place(1)) == nil && cache.find(place(2)) == nil)
        #expect(cache.find(place(0)) != nil && cache.find(place(17)) != nil)
        #expect(cache.bytes == 1600)
    }

    @Test("A frame that would push out many is not kept, and one that comes again takes its own room")
    func keepsBounds() {
        keep(0..<1, bytes: 101)
        #expect(cache.bytes == 0)
        keep(0..<2)
        keep(0..<2)
        #expect(cache.bytes == 200)
    }

    @Test("Nothing is left of a log that is gone, nor of what nobody asked for between two sweeps")
    func gives() {
        keep(0..<4)
        cache.keep([1], at: place(0, salt: 2))
        cache.forget(salt: 1)
        #expect(cache.bytes == 1)
        cache.sweep()
        #expect(cache.find(place(0, salt: 2)) != nil)
        cache.sweep()
        #expect(cache.bytes == 1)
        cache.sweep()
        #expect(cache.bytes == 0)
    }
}
