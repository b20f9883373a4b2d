import Files

/// Stands on one trace after the other. Used while the table's bytes stay.
package struct OutlineCursor: ~Copyable {
    /// Up to so many spans places of parents take a byte.
    @usableFromInline static let narrow = 255

    private let traces: UnsafeRawBufferPointer
    private let moment: UInt64
    private var position = 0
    /// Whether all that was read was written by a writer.
    package private(set) var isIntact = true

    // Of the trace it stands on.
    package private(set) var hash: UInt32 = 0
    private var age = AgeCode.none
    /// Code of the time from its first begin to its last end.
    package private(set) var extent = DurationCode.unknown
    /// Spans.
    package private(set) var count = 0
    /// Whether the spans are a forest that lacks no span that another names, parents before their children. What other segments
    /// hold of the trace is not known.
    package private(set) var isClosed = false
    /// The first one with spans of it, and the others in rising order.
    package private(set) var frame: UInt32 = 0
    package private(set) var otherFrames: [UInt32] = []
    /// Whether it is closed, and no other segment holds spans of it.
    package private(set) var knowsTree = false
    @usableFromInline private(set) var rows = UnsafeRawPointer(bitPattern: 1)!

    init(_ traces: UnsafeRawBufferPointer, moment: UInt64) { (self.traces, self.moment) = (traces, moment) }

    /// None of its spans in the segment began later.
    package var newest: UInt64 {
        guard let age = AgeCode.least(of: age) else { return .max }
        return moment > age ? moment - age : 0
    }

    /// False behind the last trace, and where the bytes are none that were written.
    @inline(__always)
    package mutating func next() -> Bool {
        guard position < traces.count else { return false }
        isIntact = read()
        return isIntact
    }

    /// The same for the next trace that has a wanted span, and where the whole tree is known, one that each other filter finds.
    package mutating func next(
        wanted: OutlineFilter, required: [OutlineFilter], spread: borrowing SpreadTraces
    ) -> Bool {
        search: while next() {
            guard wanted.finds(rows, count) else { continue }
            knowsTree = isClosed && !spread.mayContain(hash)
            if knowsTree { for filter in required where !filter.finds(rows, count) { continue search } }
            return true
        }
        return false
    }

    /// The same for the next trace with the hash.
    package mutating func next(hash: UInt32, spread: borrowing SpreadTraces) -> Bool {
        while next() {
            guard self.hash == hash else { continue }
            knowsTree = isClosed && !spread.mayContain(hash)
            return true
        }
        return false
    }

    @inline(__always)
    private mutating func read() -> Bool {
        guard let head = traces.loadVarint(at: &position, before: traces.count),
            let code = traces.loadVarint(at: &position, before: traces.count),
            head >> 1 > 0, head >> 1 <= UInt64(traces.count)
        else { return false }
        let step = Int(truncatingIfNeeded: code >> 2) ^ -Int(truncatingIfNeeded: code >> 1 & 1)
        guard let first = UInt32(exactly: Int(frame) &+ step) else { return false }
        frame = first
        if !otherFrames.isEmpty { otherFrames.removeAll(keepingCapacity: true) }
        if code & 1 == 1 {
            guard let count = traces.loadVarint(at: &position, before: traces.count), count <= UInt64(traces.count)
            else { return false }
            var last = first
            for _ in 0..<count {
                guard let step = traces.loadVarint(at: &position, before: traces.count),
                    step < UInt64(UInt32.max - last)
                else { return false }
                last += UInt32(step) + 1
                otherFrames.append(last)
            }
        }
        count = Int(head >> 1)
        isClosed = head & 1 == 1
        guard !isClosed || count <= OutlineWriter.maximumClosedSpans else { return false }
        let length = 10 + count * (isClosed ? (count <= Self.narrow ? 5 : 6) : 4)
        guard traces.count - position >= length, let base = traces.baseAddress else { return false }
        hash = traces.little(at: position)
        age = traces.little(at: position + 4)
        extent = traces.little(at: position + 8)
        rows = base + (position + 10)
        position += length
        return true
    }

    /// Number of the span's shape, as written.
    @inlinable @inline(__always)
    package func shape(_ index: Int) -> Int { Int(column(0, index)) }

    @inlinable @inline(__always)
    package func duration(_ index: Int) -> UInt16 { column(count, index) }

    /// Place of the parent, which is before the span's own; nil for a root. Only of a closed trace.
    @inlinable @inline(__always)
    package func parent(_ index: Int) -> Int? {
        let place =
            count <= Self.narrow
            ? Int(rows.load(fromByteOffset: count &* 4 &+ index, as: UInt8.self)) : Int(column(count &* 2, index))
        return place < index ? place : nil
    }

    @inlinable @inline(__always)
    func column(_ first: Int, _ index: Int) -> UInt16 {
        assert(index >= 0 && index < count)
        return UInt16(littleEndian: rows.loadUnaligned(fromByteOffset: (first &+ index) &* 2, as: UInt16.self))
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    func little<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}
