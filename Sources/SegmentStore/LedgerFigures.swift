/// A copy of the store's ledger. Over the store's whole life, starts and crashes included, and for each kind of item:
///
///     arrived = stored + duplicates + Σ rejected        stored = held + deleted + damaged
package struct LedgerFigures: Sendable {
    /// What is known of one who numbers its batches. Senders forgotten over the bound are in the sums alone.
    package struct Sender: Sendable, Equatable {
        package var id: SenderID
        package var stored: ItemCounts
        package var duplicates: ItemCounts
        /// The highest number that is stored; nil when none is remembered.
        package var lastSequence: UInt64?
        /// When its newest batch came, in Unix nanoseconds.
        package var lastSeen: UInt64

        package init(
            id: SenderID, stored: ItemCounts, duplicates: ItemCounts, lastSequence: UInt64?, lastSeen: UInt64
        ) {
            self.id = id
            self.stored = stored
            self.duplicates = duplicates
            self.lastSequence = lastSequence
            self.lastSeen = lastSeen
        }
    }
    package var stored = ItemCounts()
    package var duplicates = ItemCounts()
    package var rejected: [String: ItemCounts] = [:]
    package var held = ItemCounts()
    package var deleted = ItemCounts()
    package var damaged = ItemCounts()
    /// By id.
    package var senders: [Sender] = []

    package init() {}

    init(_ ledger: StoreLedger, listsSenders: Bool) {
        stored = ledger.stored
        duplicates = ledger.duplicates
        rejected = ledger.rejected
        held = ledger.held
        deleted = ledger.deleted
        damaged = ledger.damaged
        guard listsSenders else { return }
        senders = ledger.windows.senders.map { id, window in
            Sender(
                id: id, stored: window.stored, duplicates: window.duplicates, lastSequence: window.numbers.highest,
                lastSeen: window.lastSeen)
        }.sorted { $0.id < $1.id }
    }

    package var arrived: ItemCounts {
        var sum = stored
        sum += duplicates
        for counts in rejected.values { sum += counts }
        return sum
    }
}
