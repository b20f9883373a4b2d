/// Reads the outlines of a segment's traces, in place. `OutlineWriter` tells the bytes. Whatever bytes are given, nothing is
/// read outside of them; who needs them right compares their checksum first.
package struct OutlineTable {
    static let version: UInt32 = 1
    static let headerLength = 24
    static let shapeLength = 12
    static let unknownText = UInt32.max

    /// Number 0 is one of which nothing is known.
    package let shapes: [OutlineShape]
    private let ends: [UInt32]
    private let texts: UnsafeRawBufferPointer
    private let spread: UnsafeRawBufferPointer
    private let traces: UnsafeRawBufferPointer

    /// Nil for what is none. The bytes must stay as they are while the table is used.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headerLength, bytes.little(at: 0) as UInt32 == Self.version else { return nil }
        let textCount = Int(bytes.little(at: 4) as UInt32)
        let shapeCount = Int(bytes.little(at: 8) as UInt32)
        let spreadCount = Int(bytes.little(at: 12) as UInt32)
        let textLength = Int(bytes.little(at: 16) as UInt32)
        let shapesAt = Self.headerLength + textCount * 4
        let spreadAt = shapesAt + shapeCount * Self.shapeLength
        let textsAt = spreadAt + spreadCount * 4
        guard shapeCount < OutlineShapeTable.maximumCount, textsAt + textLength <= bytes.count else { return nil }
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
        spread = UnsafeRawBufferPointer(rebasing: bytes[spreadAt..<textsAt])
        texts = UnsafeRawBufferPointer(rebasing: bytes[textsAt..<textsAt + textLength])
        traces = UnsafeRawBufferPointer(rebasing: bytes[(textsAt + textLength)...])
    }

    package var textCount: Int { ends.count }

    package func text(_ number: Int) -> UnsafeRawBufferPointer {
        let start = number == 0 ? 0 : Int(ends[number - 1])
        return UnsafeRawBufferPointer(rebasing: texts[start..<Int(ends[number])])
    }

    /// Hashes of the traces that earlier segments hold spans of.
    package func forEachSpreadTrace(_ body: (UInt32) -> Void) {
        for index in 0..<spread.count / 4 { body(spread.little(at: index * 4)) }
    }

    /// Calls `body` with each trace; false where the bytes are none that were written.
    package func forEachTrace(_ body: (borrowing OutlinedTrace) -> Void) -> Bool {
        var position = 0
        var frame = 0
        var frames: [UInt32] = []
        while position < traces.count {
            guard let head = traces.varint(at: &position), let code = traces.varint(at: &position),
                head >> 1 > 0, head >> 1 <= UInt64(traces.count)
            else { return false }
            let step = Int(truncatingIfNeeded: code >> 2) ^ -Int(truncatingIfNeeded: code >> 1 & 1)
            frame = frame &+ step
            guard let first = UInt32(exactly: frame) else { return false }
            frames.removeAll(keepingCapacity: true)
            frames.append(first)
            if code & 1 == 1 {
                guard let count = traces.varint(at: &position), count <= UInt64(traces.count) else { return false }
                var last = first
                for _ in 0..<count {
                    guard let step = traces.varint(at: &position), step < UInt64(UInt32.max - last) else {
                        return false
                    }
                    last += UInt32(step) + 1
                    frames.append(last)
                }
            }
            let spans = Int(head >> 1)
            let isClosed = head & 1 == 1
            let parentWidth = isClosed ? (spans <= OutlinedTrace.narrow ? 1 : 2) : 0
            let length = 4 + spans * (4 + parentWidth)
            guard traces.count - position >= length, !isClosed || spans <= OutlineWriter.maximumClosedSpans else {
                return false
            }
            let hash: UInt32 = traces.little(at: position)
            body(
                OutlinedTrace(
                    hash: hash, count: spans, isClosed: isClosed, frames: frames,
                    rows: UnsafeRawBufferPointer(rebasing: traces[position + 4..<position + length])))
            position += length
        }
        return true
    }
}

/// What is known of the spans that a segment holds of a trace. Used while its table is.
package struct OutlinedTrace: ~Copyable {
    /// Up to so many spans places of parents take a byte.
    static let narrow = 255

    package let hash: UInt32
    /// Spans.
    package let count: Int
    /// Whether the spans are a forest that lacks no span that another names, parents before their children. What other segments
    /// hold of the trace is not known.
    package let isClosed: Bool
    /// In rising order.
    package let frames: [UInt32]
    private let rows: UnsafeRawBufferPointer

    init(hash: UInt32, count: Int, isClosed: Bool, frames: [UInt32], rows: UnsafeRawBufferPointer) {
        (self.hash, self.count, self.isClosed, self.frames, self.rows) = (hash, count, isClosed, frames, rows)
    }

    /// Number of the span's shape, as written.
    @inline(__always)
    package func shape(_ index: Int) -> Int { Int(rows.little(at: index &* 2) as UInt16) }

    @inline(__always)
    package func duration(_ index: Int) -> UInt16 { rows.little(at: (count &+ index) &* 2) }

    /// Place of the parent, which is before the span's own; nil for a root. Only of a closed trace.
    @inline(__always)
    package func parent(_ index: Int) -> Int? {
        let place =
            count <= Self.narrow
            ? Int(rows[count &* 4 &+ index]) : Int(rows.little(at: count &* 4 &+ index &* 2) as UInt16)
        return place < index ? place : nil
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func little<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    @inline(__always)
    fileprivate func varint(at position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < count, shift < 64 {
            let byte = self[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
