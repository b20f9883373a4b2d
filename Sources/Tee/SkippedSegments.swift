package import SegmentStore

/// Finds out what retention deleted before it was passed on, by what was known of each segment at the last look. A plain
/// value.
package struct SkippedSegments {
    private var known: [UInt32: SegmentPlace] = [:]

    package init() {}

    /// Compares with the segments that are there now. What was deleted while the program was away is not known and
    /// not counted.
    package mutating func look(
        at places: [SegmentPlace], done: TeePosition
    ) -> (items: UInt64, segments: UInt64) {
        let present = Set(places.map(\.number))
        var items: UInt64 = 0
        var segments: UInt64 = 0
        for (number, place) in known where !present.contains(number) && number >= done.next.segment {
            guard let missing = Self.missing(of: place, done) else { continue }
            items += missing
            segments += 1
        }
        known = [:]
        for place in places { known[place.number] = place }
        return (items, segments)
    }

    /// Items that are stored behind a position.
    package static func behind(_ done: TeePosition, _ places: [SegmentPlace]) -> UInt64 {
        var items: UInt64 = 0
        for place in places where place.number >= done.next.segment { items += missing(of: place, done) ?? 0 }
        return items
    }

    /// What of a segment lies behind a position; nil when that is at its end. Frames that cannot be read are passed over, so
    /// numbers of items alone do not tell.
    private static func missing(of place: SegmentPlace, _ done: TeePosition) -> UInt64? {
        let isBegun = place.number == done.next.segment
        guard place.frames > (isBegun ? done.next.frame : 0) else { return nil }
        let held = place.held.spans + place.held.points + place.held.logs
        let passed = isBegun ? done.items : 0
        return held > passed ? held - passed : 0
    }
}
