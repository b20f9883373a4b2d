package import SegmentStore

/// Frames that were read and not passed on whole, in the order of the store. A position is reached when everything before
/// it was. A plain value.
package struct FrameQueue {
    private struct Frame {
        var position: RecordPosition
        var items: UInt64
        var receivedAt: UInt64
        /// Batches of it without an answer.
        var open: Int
    }

    private var frames: [Frame] = []
    /// Number of the first in `frames`; tags of batches count on from there.
    private var first = 0
    package private(set) var done: TeePosition

    package init(from position: TeePosition) { done = position }

    /// Where to read on.
    package var readNext: RecordPosition {
        frames.last.map { RecordPosition(segment: $0.position.segment, frame: $0.position.frame &+ 1) } ?? done.next
    }

    package var isEmpty: Bool { frames.isEmpty }
    /// When the oldest of them came, in Unix nanoseconds.
    package var oldest: UInt64? { frames.first?.receivedAt }
    /// Items read and not passed on.
    package var items: UInt64 { frames.reduce(0) { $0 + $1.items } }

    /// Returns the tag for the frame's batches.
    package mutating func add(
        _ position: RecordPosition, items: UInt64, receivedAt: UInt64, batches: Int
    ) -> Int {
        precondition(position >= readNext, "frames come in the order of the store")
        frames.append(Frame(position: position, items: items, receivedAt: receivedAt, open: batches))
        if batches == 0 { advance() }
        return first + frames.count - 1
    }

    /// One batch of a frame has come to its end; true when the position went on.
    package mutating func settle(_ tag: Int) -> Bool {
        let index = tag - first
        guard frames.indices.contains(index) else { return false }
        frames[index].open -= 1
        return advance()
    }

    @discardableResult
    private mutating func advance() -> Bool {
        let finished = frames.prefix { $0.open <= 0 }
        guard !finished.isEmpty else { return false }
        for frame in finished {
            if frame.position.segment != done.next.segment { done.items = 0 }
            done.items += frame.items
            done.next = RecordPosition(segment: frame.position.segment, frame: frame.position.frame &+ 1)
        }
        first += finished.count
        frames.removeFirst(finished.count)
        return true
    }
}
