/// Of each shape the durations that are looked for. A class, as it owns the memory that millions of spans are compared with.
package final class OutlineFilter {
    /// For each number that a shape can have the lowest code in the lower half, and the highest in the upper.
    private let ranges: UnsafeMutablePointer<UInt32>

    /// - Parameter shapes: codes of durations; nil where none is looked for. Shapes that are not told of may have any.
    package init(_ shapes: [ClosedRange<UInt16>?]) {
        ranges = .allocate(capacity: OutlineShapeTable.maximumCount)
        ranges.initialize(repeating: UInt32(UInt16.max) << 16, count: OutlineShapeTable.maximumCount)
        for (number, codes) in shapes.enumerated() {
            ranges[number] = codes.map { UInt32($0.upperBound) << 16 | UInt32($0.lowerBound) } ?? Self.nothing
        }
    }

    deinit { ranges.deallocate() }

    /// From 1 to 0.
    private static let nothing: UInt32 = 1

    /// Whether one of the spans is looked for.
    ///
    /// - Parameter rows: their shapes, then their durations.
    @inline(__always)
    func finds(_ rows: UnsafeRawPointer, _ count: Int) -> Bool {
        for index in 0..<count {
            let shape = UInt16(littleEndian: rows.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self))
            let code = UInt16(littleEndian: rows.loadUnaligned(fromByteOffset: (count &+ index) &* 2, as: UInt16.self))
            let range = ranges[Int(shape)]
            if UInt32(code) >= range & 0xFFFF, UInt32(code) <= range >> 16 { return true }
        }
        return false
    }
}
