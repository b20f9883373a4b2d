import Synchronization

/// What an earlier process left in one lane's directory. What it hands out it lets go of, as its batches keep files open and
/// whoever makes lanes keeps this for as long as the process lives.
package final class RecoveredLane: Sendable {
    package let account: LaneAccount
    /// The lane's directory name, by which a lane of this process knows it again.
    package let directoryName: String
    let nextBatch: UInt64
    let lastSegmentNumber: UInt64
    /// Of all its segments.
    let bytes: Int
    private let content: Mutex<Content>

    struct Content: Sendable {
        var batches: [SpooledBatch] = []
        var digests: [UInt64] = []
    }

    init(
        account: LaneAccount, directoryName: String, nextBatch: UInt64, lastSegmentNumber: UInt64, bytes: Int,
        content: Content
    ) {
        self.account = account
        self.directoryName = directoryName
        self.nextBatch = nextBatch
        self.lastSegmentNumber = lastSegmentNumber
        self.bytes = bytes
        self.content = Mutex(content)
    }

    /// Not settled yet, in the order of numbers; all of them are posted to the account.
    package func takeBatches() -> [SpooledBatch] {
        content.withLock { content in
            defer { content.batches = [] }
            return content.batches
        }
    }

    /// Of the messages that are still there, oldest first.
    func takeDigests() -> [UInt64] {
        content.withLock { content in
            defer { content.digests = [] }
            return content.digests
        }
    }
}

extension [RecoveredLane] {
    package func lane(for key: LaneKey) -> RecoveredLane? { first { $0.directoryName == key.directoryName } }
}
