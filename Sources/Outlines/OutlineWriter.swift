import Files

/// Writes the outlines of a segment's traces. One thread at a time.
///
///     outlines := 1:u32 texts:u32 shapes:u32 textBytes:u32 moment:u64 end:u32{texts} shape{shapes} byte{textBytes} trace*
///     shape    := service:u32 name:u32 kind:u8 status:u8 0:u16
///     trace    := spans * 2 + isClosed:varint frames hash:u32 age:u32 extent:u16 shape:u16{spans} duration:u16{spans} parent{spans}?
///     age      := how long before the moment its newest span began, see `AgeCode`
///     frames   := zigzag(first - the first one of the trace before) * 2 + hasMore:varint (count:varint (step - 1):varint{count})?
package struct OutlineWriter: Sendable {
    /// What is known of a span.
    package struct Row: Sendable {
        package var shape: OutlineShapeKey
        package var frame: UInt32
        package var duration: UInt64
        /// Place of the parent among the trace's rows; `noParent` for a root.
        package var parent: Int32

        package init(shape: OutlineShapeKey, frame: UInt32, duration: UInt64, parent: Int32) {
            (self.shape, self.frame, self.duration, self.parent) = (shape, frame, duration, parent)
        }
    }
    package static let noParent: Int32 = -1
    /// The parents of a larger trace are not told.
    package static let maximumClosedSpans = 65_535

    private let moment: UInt64
    private var shapes = OutlineShapeTable()
    private var traces: [UInt8] = []
    private var lastFrame = 0
    // Kept for the next trace.
    private var order = OutlineOrder()
    private var frames: [UInt32] = []

    /// - Parameter moment: what began before it is told with its time; that of the last arrival does well.
    package init(moment: UInt64, expectedSpans: Int = 0) {
        self.moment = moment
        traces.reserveCapacity(expectedSpans * 7)
    }

    /// - Parameters:
    ///   - rows: of the trace's spans in the segment, one or more; where it is whole, in rising order of their ids.
    ///   - isWhole: each span once, and each that a parent is named of is among them.
    ///   - newest: when the last of them began.
    ///   - extent: nanoseconds from the first begin to the last end; nil where times are strange.
    package mutating func append(
        _ hash: UInt32, _ rows: UnsafeBufferPointer<Row>, isWhole: Bool, newest: UInt64, extent: UInt64?
    ) {
        let isClosed =
            isWhole && rows.count <= Self.maximumClosedSpans && order.putParentsFirst(rows.count) { rows[$0].parent }
        if !isClosed { order.keep(rows.count) }
        traces.appendVarint(UInt64(rows.count) << 1 | (isClosed ? 1 : 0))
        appendFrames(rows)
        traces.append(little: hash)
        traces.append(little: newest <= moment ? AgeCode.of(moment - newest) : AgeCode.none)
        traces.append(little: extent.map { DurationCode.of($0) } ?? DurationCode.unknown)
        for index in order.order { traces.append(little: shapes.number(of: rows[Int(index)].shape)) }
        for index in order.order { traces.append(little: DurationCode.of(rows[Int(index)].duration)) }
        guard isClosed else { return }
        let isNarrow = rows.count <= OutlineCursor.narrow
        for index in order.order {
            let parent = rows[Int(index)].parent
            let place = parent == Self.noParent ? UInt16.max : UInt16(truncatingIfNeeded: order.places[Int(parent)])
            if isNarrow { traces.append(UInt8(truncatingIfNeeded: place)) } else { traces.append(little: place) }
        }
    }

    private mutating func appendFrames(_ rows: UnsafeBufferPointer<Row>) {
        frames.removeAll(keepingCapacity: true)
        for row in rows where frames.last != row.frame { frames.append(row.frame) }
        if frames.count > 1 {
            frames.sort()
            var kept = 1
            for index in 1..<frames.count where frames[index] != frames[kept - 1] {
                frames[kept] = frames[index]
                kept += 1
            }
            frames.removeLast(frames.count - kept)
        }
        let step = Int(frames[0]) - lastFrame
        lastFrame = Int(frames[0])
        let zigzag = UInt64(bitPattern: Int64(step << 1 ^ step >> (Int.bitWidth - 1)))
        traces.appendVarint(zigzag << 1 | (frames.count > 1 ? 1 : 0))
        guard frames.count > 1 else { return }
        traces.appendVarint(UInt64(frames.count - 1))
        for index in 1..<frames.count { traces.appendVarint(UInt64(frames[index] - frames[index - 1] - 1)) }
    }

    /// - Parameter text: of a symbol; nil where it is not known exactly.
    package consuming func finish(text: (UInt32) -> ArraySlice<UInt8>?) -> [UInt8] {
        var numbers: [UInt32: UInt32] = [:]
        var ends: [UInt32] = []
        var texts: [UInt8] = []
        func number(_ symbol: UInt32?) -> UInt32 {
            guard let symbol else { return OutlineTable.unknownText }
            if let known = numbers[symbol] { return known }
            guard let text = text(symbol) else {
                numbers[symbol] = OutlineTable.unknownText
                return OutlineTable.unknownText
            }
            texts.append(contentsOf: text)
            ends.append(UInt32(texts.count))
            numbers[symbol] = UInt32(ends.count - 1)
            return UInt32(ends.count - 1)
        }
        var encodedShapes: [UInt8] = []
        for key in shapes.keys {
            encodedShapes.append(little: number(key.service))
            encodedShapes.append(little: number(key.name))
            encodedShapes.append(key.kind)
            encodedShapes.append(key.status)
            encodedShapes.append(little: 0 as UInt16)
        }
        var bytes: [UInt8] = []
        let head = OutlineTable.headerLength + ends.count * 4 + encodedShapes.count + texts.count
        bytes.reserveCapacity(head + traces.count)
        bytes.append(little: OutlineTable.version)
        bytes.append(little: UInt32(ends.count))
        bytes.append(little: UInt32(shapes.keys.count))
        bytes.append(little: UInt32(texts.count))
        bytes.append(little: UInt32(truncatingIfNeeded: moment))
        bytes.append(little: UInt32(truncatingIfNeeded: moment >> 32))
        for end in ends { bytes.append(little: end) }
        bytes.append(contentsOf: encodedShapes)
        bytes.append(contentsOf: texts)
        bytes.append(contentsOf: traces)
        return bytes
    }
}

extension [UInt8] {
    @inline(__always)
    fileprivate mutating func append(little value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    @inline(__always)
    fileprivate mutating func append(little value: UInt32) {
        append(little: UInt16(truncatingIfNeeded: value))
        append(little: UInt16(truncatingIfNeeded: value >> 16))
    }
}
