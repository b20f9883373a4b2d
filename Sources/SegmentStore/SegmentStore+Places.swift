/// One segment to whoever reads the store from end to end: how far it goes and what it holds.
package struct SegmentPlace: Sendable, Equatable {
    package var number: UInt32
    package var frames: UInt32
    package var held: ItemCounts
}

extension SegmentStore {
    /// All segments, oldest first. One that grows has what is durable of it.
    package func segmentPlaces() -> [SegmentPlace] {
        segmentsNow().map { segment in
            // Frames first: what came between the two looks is behind a reader that believes them.
            let frames = UInt32(clamping: segment.frameCount)
            return SegmentPlace(number: segment.number, frames: frames, held: segment.summary.held)
        }
    }
}
