/// What an earlier process left in one lane's directory.
package struct RecoveredLane: Sendable {
    package let account: LaneAccount
    /// The lane's directory name, by which a lane of this process knows it again.
    package let directoryName: String
    /// Not settled yet, in the order of numbers; all of them are posted to the account.
    package let batches: [SpooledBatch]
    /// What the door wrote beside its messages, oldest first.
    package let notes: [[UInt8]]
    let nextBatch: UInt64
    let lastSegmentNumber: UInt64
    /// Of the messages that are still there, oldest first.
    let digests: [UInt64]
    /// Of all its segments.
    let bytes: Int
}

extension [RecoveredLane] {
    package func lane(for key: LaneKey) -> RecoveredLane? { first { $0.directoryName == key.directoryName } }
}
