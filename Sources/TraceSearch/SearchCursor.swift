package import SegmentStore
package import TraceModel

/// Where a search goes on: behind the last trace that was told, in what was stored when the first page was made. So pages
/// never overlap and leave nothing out, whatever arrives meanwhile.
package struct SearchCursor: Sendable, Equatable {
    /// What came from here on is not seen.
    package var end: RecordPosition
    /// Only traces behind this key follow.
    package var key: TraceKey
    /// Of query and window, so that a cursor is not used with another query.
    package var query: UInt64
    /// When the first page was made, in Unix nanoseconds: `now-1h` means the same on all pages.
    package var now: UInt64

    private static let version = "1"

    package init(end: RecordPosition, key: TraceKey, query: UInt64, now: UInt64 = 0) {
        self.now = now
        self.end = end
        self.key = key
        self.query = query
    }

    package var text: String {
        let numbers = [UInt64(end.segment), UInt64(end.frame), key.start, key.id.high, key.id.low, query, now]
        return ([Self.version] + numbers.map { String($0, radix: 36) }).joined(separator: ".")
    }

    /// Nil for what `text` did not make.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 8, parts[0] == Self.version else { return nil }
        let numbers = parts.dropFirst().compactMap { part in part.utf8.count <= 13 ? UInt64(part, radix: 36) : nil }
        guard numbers.count == 7, let segment = UInt32(exactly: numbers[0]), let frame = UInt32(exactly: numbers[1])
        else { return nil }
        end = RecordPosition(segment: segment, frame: frame)
        key = TraceKey(start: numbers[2], id: TraceID(high: numbers[3], low: numbers[4]))
        query = numbers[5]
        now = numbers[6]
    }
}

/// The order of answers: the trace whose newest span that satisfies the query began last comes first.
package struct TraceKey: Sendable, Hashable, Comparable {
    package var start: UInt64
    package var id: TraceID

    package init(start: UInt64, id: TraceID) {
        self.start = start
        self.id = id
    }

    package static let newest = TraceKey(start: .max, id: TraceID(high: .max, low: .max))

    package static func < (left: TraceKey, right: TraceKey) -> Bool {
        (left.start, left.id.high, left.id.low) < (right.start, right.id.high, right.id.low)
    }
}
