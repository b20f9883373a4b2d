import LargeArrays
import Testing

@Suite("Large arrays hold what any array holds")
struct LargeArrayTests {
    @Test("Small ones and those of many pages alike", arguments: [0, 1, 1000, 1 << 19])
    func contents(count: Int) {
        #expect([UInt64](large: 7, count: count) == Array(repeating: 7, count: count))
        #expect(Array(large: (0..<count).lazy.map { UInt32($0) }) == (0..<count).map { UInt32($0) })
    }

    @Test("Room for elements that come later is there from the beginning")
    func room() {
        var array = [UInt64](roomFor: 1 << 18)
        #expect(array.isEmpty)
        let capacity = array.capacity
        #expect(capacity >= 1 << 18)
        for number in 0..<UInt64(1 << 18) { array.append(number) }
        #expect(array.capacity == capacity)
        #expect(array.last == 1 << 18 - 1)
    }
}
