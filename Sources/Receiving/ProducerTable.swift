/// Turns the sequence numbers of datagrams into a count of those that never came. Bounded: the producer that was silent
/// longest makes room for a new one. Lives on one loop.
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
    }

    private let capacity: Int
    private var producers: [UInt64: Producer] = [:]
    private var clock: UInt64 = 0

    init(capacity: Int = 4096) { self.capacity = capacity }

    /// A producer that is new to us is taken as it comes: what it sent before we listened was not lost here.
    mutating func note(producer id: UInt64, sequence: UInt64) -> Effect {
        clock &+= 1
        guard var producer = producers[id] else {
            makeRoom()
            // What came before the first datagram we saw counts as seen.
            producers[id] = Producer(highest: sequence, recent: .max, lastSeen: clock)
            return Effect()
        }
        var effect = Effect()
        producer.lastSeen = clock
        if sequence > producer.highest {
            let step = sequence - producer.highest
            effect.newlyMissing = step - 1
            producer.recent = step >= 64 ? 1 : producer.recent << step | 1
            producer.highest = sequence
        } else {
            let behind = producer.highest - sequence
            if behind < 64, producer.recent & 1 << behind == 0 {
                producer.recent |= 1 << behind
                effect.arrivedLate = true
            } else {
                effect.isDuplicate = true
            }
        }
        producers[id] = producer
        return effect
    }

    private mutating func makeRoom() {
        guard producers.count >= capacity, let oldest = producers.min(by: { $0.value.lastSeen < $1.value.lastSeen })
        else { return }
        producers[oldest.key] = nil
    }
}
