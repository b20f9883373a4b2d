import Outlines
import TraceModel

/// Makes the outlines of a segment's traces while its figures are made.
struct TraceOutlines {
    private var writer: OutlineWriter
    private var rows: [OutlineWriter.Row] = []
    /// How many spans were held when each frame was done.
    private let frameEnds: [Int]
    /// The frame of the span before: the next one is mostly near.
    private var frame = 0

    init(moment: UInt64, frameEnds: [Int], spans: Int) {
        self.frameEnds = frameEnds
        writer = OutlineWriter(moment: moment, expectedSpans: spans)
    }

    /// - Parameter places: of the trace's copies of spans among those that are held.
    mutating func add(
        _ trace: borrowing TraceCopies, _ places: UnsafeBufferPointer<UInt32>, _ held: UnsafeBufferPointer<HeldSpan>
    ) {
        rows.removeAll(keepingCapacity: true)
        // Nodes stand in the order of places where each span came once.
        var isWhole = trace.nodes.count == places.count
        var newest: UInt64 = 0
        for (index, place) in places.enumerated() where !held[Int(place)].isEarlier {
            let span = held[Int(place)].span
            newest = max(newest, span.start)
            var parent = OutlineWriter.noParent
            if isWhole, span.parentID != 0 {
                if let place = trace.nodes[index].parent {
                    parent = Int32(truncatingIfNeeded: place)
                } else {
                    isWhole = false
                }
            }
            let name = span.isExactName && span.operation != SymbolTable.other ? span.operation : nil
            rows.append(
                OutlineWriter.Row(
                    shape: OutlineShapeKey(service: span.service, name: name, kind: span.kind, status: span.status),
                    frame: UInt32(truncatingIfNeeded: frame(ofSpanAt: Int(place))), duration: span.duration,
                    parent: parent))
        }
        guard let first = places.first, !rows.isEmpty else { return }
        let span = held[Int(first)].span
        let hash = OutlineHash.of(TraceID(high: span.traceHigh, low: span.traceLow))
        let extent = Self.extent(places, held)
        // What is looked up of earlier segments is not told of here.
        let isOwn = rows.count == places.count
        rows.withUnsafeBufferPointer {
            writer.append(hash, $0, isWhole: isWhole && isOwn, newest: newest, extent: extent)
        }
    }

    /// As assembly measures it, where no time is strange.
    private static func extent(_ places: UnsafeBufferPointer<UInt32>, _ held: UnsafeBufferPointer<HeldSpan>) -> UInt64?
    {
        var (first, last): (UInt64, UInt64) = (.max, 0)
        for place in places {
            let span = held[Int(place)].span
            guard TraceTimes.usual.contains(span.start), TraceTimes.usual.contains(span.end), span.end >= span.start
            else {
                return nil
            }
            (first, last) = (min(first, span.start), max(last, span.end))
        }
        return first <= last ? last - first : nil
    }

    private mutating func frame(ofSpanAt place: Int) -> Int {
        if frame < frameEnds.count, place < frameEnds[frame], frame == 0 || place >= frameEnds[frame - 1] {
            return frame
        }
        var (low, high) = (0, frameEnds.count)
        while low < high {
            let middle = (low + high) / 2
            if frameEnds[middle] <= place { low = middle + 1 } else { high = middle }
        }
        frame = low
        return low
    }

    consuming func finish(_ symbols: SymbolTable) -> [UInt8] {
        writer.finish { symbol in
            // Names of services are cut to 255 bytes.
            let text = symbols.bytes(of: symbol)
            return symbol == SymbolTable.other || text.count > 250 ? nil : text
        }
    }
}
