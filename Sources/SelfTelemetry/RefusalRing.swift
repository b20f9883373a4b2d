import Synchronization

/// The newest requests that were turned away, so that somebody who misses a span can be told why. Bounded in entries and in
/// the length of each. May be used from any thread.
package final class RefusalRing: Sendable {
    package struct Refusal: Sendable, Equatable {
        /// Unix nanoseconds.
        package var time: UInt64
        /// A word from the counters' reasons.
        package var reason: String
        package var peer: String
        package var door: String
        /// Empty where it could not be told.
        package var signal: String
        /// 0 where the request could not be read.
        package var items: Int
        /// In lower-case hex.
        package var traceIDs: [String]
        package var spanIDs: [String]
        /// A sentence: what was wrong, at which byte.
        package var detail: String
        /// How many like it came one after another; `items` is the sum.
        package var count = 1

        package init(
            time: UInt64, reason: String, peer: String, door: String, signal: String = "", items: Int = 0,
            traceIDs: [String] = [], spanIDs: [String] = [], detail: String
        ) {
            self.time = time
            self.reason = reason
            self.peer = peer
            self.door = door
            self.signal = signal
            self.items = items
            self.traceIDs = traceIDs
            self.spanIDs = spanIDs
            self.detail = detail
        }
    }

    package static let capacity = 256
    package static let maxIDs = 16
    private static let maxDetail = 300

    fileprivate struct State: Sendable {
        var entries: [Refusal] = []
        var next = 0
    }
    private let state = Mutex(State())

    package init() {}

    /// Refusals that differ from the newest in time, items and ids alone are counted with it: a sender that comes again
    /// and again must not drive out everybody else's.
    package func note(_ refusal: Refusal) {
        var refusal = refusal
        if refusal.detail.unicodeScalars.count > Self.maxDetail {
            refusal.detail = String(refusal.detail.prefix(Self.maxDetail)) + "..."
        }
        refusal.traceIDs = Array(refusal.traceIDs.prefix(Self.maxIDs))
        refusal.spanIDs = Array(refusal.spanIDs.prefix(Self.maxIDs))
        state.withLock { state in
            if let newest = state.newest, state.entries[newest].isLike(refusal) {
                state.entries[newest].merge(refusal)
            } else if state.entries.count < Self.capacity {
                state.entries.append(refusal)
            } else {
                state.entries[state.next] = refusal
                state.next = (state.next + 1) % Self.capacity
            }
        }
    }

    /// Newest first.
    package var newestFirst: [Refusal] {
        state.withLock { state in
            let (older, newer) = (state.entries[..<state.next], state.entries[state.next...])
            return newer.isEmpty ? older.reversed() : older.reversed() + newer.reversed()
        }
    }
}

extension RefusalRing.Refusal {
    fileprivate func isLike(_ other: Self) -> Bool {
        (reason, peer, door, signal, detail) == (other.reason, other.peer, other.door, other.signal, other.detail)
    }

    fileprivate mutating func merge(_ other: Self) {
        time = other.time
        items += other.items
        count += other.count
        for id in other.traceIDs where traceIDs.count < RefusalRing.maxIDs && !traceIDs.contains(id) {
            traceIDs.append(id)
        }
        for id in other.spanIDs where spanIDs.count < RefusalRing.maxIDs && !spanIDs.contains(id) {
            spanIDs.append(id)
        }
    }
}

extension RefusalRing.State {
    /// Where the entry that was added last stands.
    fileprivate var newest: Int? {
        guard !entries.isEmpty else { return nil }
        return entries.count < RefusalRing.capacity ? entries.count - 1 : (next + entries.count - 1) % entries.count
    }
}
