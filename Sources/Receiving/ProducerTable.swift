/// Turns the sequence numbers of datagrams into a count of those that never came, for each producer. Bounded: the producers
/// that were silent longest make room for new ones. Lives on one loop.
package struct ProducerTable {
    package struct Effect: Equatable {
        /// Datagrams that are missing since this one came.
        var newlyMissing: UInt64 = 0
        /// This one had been counted as missing.
        var arrivedLate = false
        /// This one had come before.
        var isDuplicate = false
    }

    /// What is known of one producer.
    package struct Producer: Equatable, Sendable {
        package var id: UInt64
        package var highest: UInt64
        /// Bit n: `highest - n` has come.
        var recent: UInt64
        /// Datagrams that it sent and that never came.
        package var missing: UInt64 = 0
        package var late: UInt64 = 0
        package var duplicates: UInt64 = 0
        var lastSeen: UInt64 = 0

        /// What came before the first datagram we saw counts as seen.
        init(_ id: UInt64, startingAt sequence: UInt64) { (self.id, highest, recent) = (id, sequence, .max) }
    }

    package struct Totals: Equatable, Sendable {
        package var missing: UInt64 = 0
        package var late: UInt64 = 0
        package var duplicates: UInt64 = 0

        package init() {}

        mutating func add(_ producer: Producer) {
            missing &+= producer.missing
            late &+= producer.late
            duplicates &+= producer.duplicates
        }
    }

    /// Between two datagrams that come after each other; a larger step, up or down, is a producer that began anew.
    private static let maximumStep: UInt64 = 1 << 20

    private let capacity: Int
    private var producers: [UInt64: Producer] = [:]
    private var clock: UInt64 = 0
    /// Producers that something came from since `takeTouched`.
    private var touched: Set<UInt64> = []
    /// Of the producers that made room.
    package private(set) var forgotten = Totals()

    package var count: Int { producers.count }

    package init(capacity: Int = 4096) { self.capacity = capacity }

    /// A producer that is new to us is taken as it comes: what it sent before we listened was not lost here.
    mutating func note(producer id: UInt64, sequence: UInt64) -> Effect {
        clock &+= 1
        touched.insert(id)
        guard var producer = producers[id] else {
            makeRoom()
            var producer = Producer(id, startingAt: sequence)
            producer.lastSeen = clock
            producers[id] = producer
            return Effect()
        }
        let effect = producer.note(sequence, maximumStep: Self.maximumStep)
        producer.lastSeen = clock
        producers[id] = producer
        return effect
    }

    /// Forgets a quarter at once: to look for the oldest is work that a flood of new producers must not cause each time.
    private mutating func makeRoom() {
        guard producers.count >= capacity else { return }
        let oldestFirst = producers.sorted { $0.value.lastSeen < $1.value.lastSeen }
        for (id, producer) in oldestFirst.prefix(max(1, capacity / 4)) {
            forgotten.add(producer)
            producers[id] = nil
        }
    }

    // MARK: over restarts

    package var all: [Producer] { producers.values.sorted { $0.id < $1.id } }

    /// The producers that changed since this was last called.
    mutating func takeTouched() -> [Producer] {
        defer { touched.removeAll(keepingCapacity: true) }
        return touched.compactMap { producers[$0] }
    }

    /// Takes what an earlier process knew. Of two states of one producer the further one counts.
    package mutating func restore(_ known: [Producer], forgotten: Totals = Totals()) {
        self.forgotten.missing &+= forgotten.missing
        self.forgotten.late &+= forgotten.late
        self.forgotten.duplicates &+= forgotten.duplicates
        for producer in known {
            if let before = producers[producer.id] {
                guard before.progress < producer.progress else { continue }
            } else {
                makeRoom()
            }
            producers[producer.id] = producer
        }
    }

    /// Over all producers, those included that made room.
    package var totals: Totals { producers.values.reduce(into: forgotten) { $0.add($1) } }
}

extension ProducerTable.Producer {
    /// Rises with every datagram that is noted.
    fileprivate var progress: (UInt64, UInt64) { (highest, late &+ duplicates) }

    fileprivate mutating func note(_ sequence: UInt64, maximumStep: UInt64) -> ProducerTable.Effect {
        let step = sequence > highest ? sequence - highest : highest - sequence
        guard step <= maximumStep else {
            (highest, recent) = (sequence, .max)
            return ProducerTable.Effect()
        }
        var effect = ProducerTable.Effect()
        if sequence > highest {
            effect.newlyMissing = step - 1
            missing &+= step - 1
            recent = step >= 64 ? 1 : recent << step | 1
            highest = sequence
        } else if step < 64, recent & 1 << step == 0 {
            recent |= 1 << step
            effect.arrivedLate = true
            late += 1
            missing &-= missing > 0 ? 1 : 0
        } else {
            effect.isDuplicate = true
            duplicates += 1
        }
        return effect
    }
}
