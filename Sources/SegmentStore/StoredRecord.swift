package import WireFormat

/// A record as it lies in the log.
package struct StoredRecord: Sendable {
    package var kind: SignalKind
    package var sender: SenderID?
    package var sequence: UInt64
    package var receivedAt: UInt64
    package var items: Int
    package var body: [UInt8]
    /// The frame it lies in.
    package var position: RecordPosition
}

/// Where a frame stands in the store. Positions grow in the order of arrival.
package struct RecordPosition: Sendable, Hashable, Comparable {
    package var segment: UInt32
    package var frame: UInt32

    package init(segment: UInt32, frame: UInt32) {
        self.segment = segment
        self.frame = frame
    }

    package static let start = RecordPosition(segment: 0, frame: 0)

    package static func < (left: RecordPosition, right: RecordPosition) -> Bool {
        (left.segment, left.frame) < (right.segment, right.frame)
    }
}
