import TraceModel

/// Which frames of one segment hold spans of which trace, growing while the segment is open.
///
/// Plain arrays: 24 bytes and one to two slots of 4 for each trace, 8 for each further frame of a trace.
struct TraceTable: Sendable {
    private static let none = UInt32.max

    struct Entry: Sendable {
        var id: TraceID
        /// The newest frame with spans of the trace.
        var frame: UInt32
        /// Index in `links` of the frame before that one.
        var previous: UInt32
    }
    private struct Link: Sendable {
        var frame: UInt32
        var previous: UInt32
    }

    /// In the order in which the traces first appeared.
    private(set) var entries: [Entry] = []
    private var links: [Link] = []
    /// Index of an entry plus one; 0 is free. Open addressing, at most five eighths full.
    private var slots: [UInt32]
    private var slotBits: UInt64
    let hash: TraceHash

    init(salt: UInt64) {
        hash = TraceHash(salt: salt)
        slotBits = 10
        slots = [UInt32](repeating: 0, count: 1 << 10)
    }

    /// Number of (trace, frame) pairs.
    var pairCount: Int { entries.count + links.count }

    /// Notes that `frame` holds spans of `id`. Frames come in rising order. True when the trace is new to the segment.
    mutating func insert(_ id: TraceID, frame: UInt32) -> Bool {
        var slot = Int(truncatingIfNeeded: hash(id) >> (64 - slotBits))
        while slots[slot] != 0 {
            let index = Int(slots[slot] - 1)
            if entries[index].id == id {
                if entries[index].frame != frame {
                    links.append(Link(frame: entries[index].frame, previous: entries[index].previous))
                    entries[index].previous = UInt32(links.count - 1)
                    entries[index].frame = frame
                }
                return false
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append(Entry(id: id, frame: frame, previous: Self.none))
        slots[slot] = UInt32(entries.count)
        if entries.count &* 8 > slots.count &* 5 { grow() }
        return true
    }

    /// The frames with spans of `id`, in rising order.
    func frames(of id: TraceID) -> [UInt32] {
        var slot = Int(truncatingIfNeeded: hash(id) >> (64 - slotBits))
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot] - 1)]
            if entry.id == id {
                var result: [UInt32] = []
                forEachFrame(of: entry) { result.append($0) }
                result.reverse()
                return result
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return []
    }

    /// Frames in falling order.
    func forEachFrame(of entry: Entry, _ body: (UInt32) -> Void) {
        body(entry.frame)
        var next = entry.previous
        while next != Self.none {
            body(links[Int(next)].frame)
            next = links[Int(next)].previous
        }
    }

    private mutating func grow() {
        slotBits += 1
        slots = [UInt32](repeating: 0, count: 1 << slotBits)
        for index in entries.indices {
            var slot = Int(truncatingIfNeeded: hash(entries[index].id) >> (64 - slotBits))
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}
