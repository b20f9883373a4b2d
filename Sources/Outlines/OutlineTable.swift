/// Reads the outlines of a segment's traces, in place. `OutlineWriter` tells the bytes. Whatever bytes are given, nothing is
/// read outside of them; who needs them right compares their checksum first.
package struct OutlineTable {
    static let version: UInt32 = 1
    static let headerLength = 24
    static let shapeLength = 12
    static let unknownText = UInt32.max

    /// Number 0 is one of which nothing is known.
    package let shapes: [OutlineShape]
    private let moment: UInt64
    private let ends: [UInt32]
    private let texts: UnsafeRawBufferPointer
    private let traces: UnsafeRawBufferPointer

    /// Nil for what is none. The bytes must stay as they are while the table is used.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headerLength, bytes.little(at: 0) as UInt32 == Self.version else { return nil }
        let textCount = Int(bytes.little(at: 4) as UInt32)
        let shapeCount = Int(bytes.little(at: 8) as UInt32)
        let textLength = Int(bytes.little(at: 12) as UInt32)
        let shapesAt = Self.headerLength + textCount * 4
        let textsAt = shapesAt + shapeCount * Self.shapeLength
        guard shapeCount < OutlineShapeTable.maximumCount, textsAt + textLength <= bytes.count else { return nil }
        moment = bytes.little(at: 16)
        ends = (0..<textCount).map { bytes.little(at: Self.headerLength + $0 * 4) }
        var last: UInt32 = 0
        for end in ends {
            guard end >= last, end <= UInt32(textLength) else { return nil }
            last = end
        }
        var shapes = [OutlineShape.unknown]
        shapes.reserveCapacity(shapeCount + 1)
        for index in 0..<shapeCount {
            let place = shapesAt + index * Self.shapeLength
            let (service, name): (UInt32, UInt32) = (bytes.little(at: place), bytes.little(at: place + 4))
            guard service == Self.unknownText || service < UInt32(textCount),
                name == Self.unknownText || name < UInt32(textCount)
            else { return nil }
            shapes.append(
                OutlineShape(
                    service: service == Self.unknownText ? nil : Int(service),
                    name: name == Self.unknownText ? nil : Int(name), kind: bytes[place + 8], status: bytes[place + 9]))
        }
        self.shapes = shapes
        texts = UnsafeRawBufferPointer(rebasing: bytes[textsAt..<textsAt + textLength])
        traces = UnsafeRawBufferPointer(rebasing: bytes[(textsAt + textLength)...])
    }

    package var textCount: Int { ends.count }

    package func text(_ number: Int) -> UnsafeRawBufferPointer {
        let start = number == 0 ? 0 : Int(ends[number - 1])
        return UnsafeRawBufferPointer(rebasing: texts[start..<Int(ends[number])])
    }

    /// Goes through the traces.
    package var cursor: OutlineCursor { OutlineCursor(traces, moment: moment) }
}
