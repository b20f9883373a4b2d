/// Turns the sequence numbers of datagrams into a count of those that never came. Bounded: the producers that were silent
/// longest make room for new ones. Lives on one loop.
struct ProducerTable {
    struct Effect: Equatable {
        /// Datagrams that are missing since this one came.
        var newlyMissing: UInt64 = 0
        /// This one had been counted as missing.
        var arrivedLate = false
        /// This one had come before.
        var isDuplicate = false
    }

    private struct Producer {
        var highest: UInt64
        /// Bit n: `highest - n` has come.
        var recent: UInt64
        var lastSeen: UInt64

        /// What came before the first datagram we saw counts as seen.
        init(startingAt sequence: UInt64, lastSeen: UInt64) {
            (highest, recent, self.lastSeen) = (sequence, .max, lastSeen)
        }
    }

    /// Between two datagrams that come after each other; a larger step, up or down, is a producer that began anew.
    private static let maximumStep: UInt64 = 1 << 20

    private let capacity: Int
    private var producers: [UInt64: Producer] = [:]
    private var clock: UInt64 = 0

    var count: Int { producers.count }

    init(capacity: Int = 4096) { self.capacity = capacity }

    /// A producer that is new to us is taken as it comes: what it sent before we listened was not lost here.
    mutating func note(producer id: UInt64, sequence: UInt64) -> Effect {
        clock &+= 1
        guard var producer = producers[id] else {
            makeRoom()
            producers[id] = Producer(startingAt: sequence, lastSeen: clock)
            return Effect()
        }
        let step = sequence > producer.highest ? sequence - producer.highest : producer.highest - sequence
        guard step <= Self.maximumStep else {
            producers[id] = Producer(startingAt: sequence, lastSeen: clock)
            return Effect()
        }
        var effect = Effect()
        producer.lastSeen = clock
        if sequence > producer.highest {
            effect.newlyMissing = step - 1
            producer.recent = step >= 64 ? 1 : producer.recent << step | 1
            producer.highest = sequence
        } else {
            if step < 64, producer.recent & 1 << step == 0 {
                producer.recent |= 1 << step
                effect.arrivedLate = true
            } else {
                effect.isDuplicate = true
            }
        }
        producers[id] = producer
        return effect
    }

    /// Forgets a quarter at once: to look for the oldest is work that a flood of new producers must not cause each time.
    private mutating func makeRoom() {
        guard producers.count >= capacity else { return }
        let oldestFirst = producers.sorted { $0.value.lastSeen < $1.value.lastSeen }
        for (id, _) in oldestFirst.prefix(max(1, capacity / 4)) { producers[id] = nil }
    }
}
