import Testing

@testable import Receiving

@Suite struct ProducerTableTests {
    private typealias Effect = ProducerTable.Effect

    private func effects(_ table: inout ProducerTable, of producer: UInt64, _ sequences: [UInt64]) -> [Effect] {
        sequences.map { table.note(producer: producer, sequence: $0) }
    }

    @Test("The first datagram of a producer is taken as it comes, and gaps after it are counted exactly")
    func gaps() {
        var table = ProducerTable()
        let found = effects(&table, of: 1, [500, 501, 503, 510, 1_000])
        #expect(found.map(\.newlyMissing) == [0, 0, 1, 6, 489])
        #expect(found.allSatisfy { !$0.arrivedLate && !$0.isDuplicate })
    }

    @Test(
        "One that was counted as missing arrives late once; after that, and if it was never missing, it is a duplicate")
    func lateAndDuplicate() {
        var table = ProducerTable()
        let found = effects(&table, of: 1, [10, 13, 12, 12, 13, 11, 10, 9, 14])
        let late = Effect(arrivedLate: true)
        let duplicate = Effect(isDuplicate: true)
        #expect(
            found == [
                Effect(), Effect(newlyMissing: 2), late, duplicate, duplicate, late, duplicate, duplicate, Effect(),
            ])
    }

    @Test("Producers are counted apart from each other")
    func apart() {
        var table = ProducerTable()
        #expect(effects(&table, of: 1, [1, 2]) == [Effect(), Effect()])
        #expect(effects(&table, of: 2, [7, 9]) == [Effect(), Effect(newlyMissing: 1)])
        #expect(effects(&table, of: 1, [3, 3]) == [Effect(), Effect(isDuplicate: true)])
    }

    @Test(
        "A step over 2^20, up or down, is a producer that began anew: nothing is missing, and counting goes on from there"
    )
    func restart() {
        let limit: UInt64 = 1 << 20
        var table = ProducerTable()
        #expect(
            effects(&table, of: 1, [1, 1 + limit, 2 + 2 * limit, .max, 5, 7])
                == [
                    Effect(), Effect(newlyMissing: limit - 1), Effect(), Effect(), Effect(),
                    Effect(newlyMissing: 1),
                ])
    }

    @Test("A full table forgets the quarter that was silent longest")
    func bounded() {
        var table = ProducerTable(capacity: 8)
        for producer in 1...8 as ClosedRange<UInt64> { _ = table.note(producer: producer, sequence: 1) }
        _ = table.note(producer: 1, sequence: 2)
        #expect(table.count == 8)
        _ = table.note(producer: 9, sequence: 1)
        #expect(table.count == 7)
        // 2 and 3 are forgotten, so they begin anew; the others are known.
        #expect(table.note(producer: 4, sequence: 3) == Effect(newlyMissing: 1))
        #expect(table.note(producer: 1, sequence: 4) == Effect(newlyMissing: 1))
        #expect(table.note(producer: 2, sequence: 4) == Effect())
        for producer in 100..<10_000 as Range<UInt64> {
            _ = table.note(producer: producer, sequence: 1)
            #expect(table.count <= 8)
        }
    }

    // MARK: over restarts

    private func notes(_ table: inout ProducerTable) -> [UInt8] { ProducerNotes.encode(table.takeTouched()) }

    @Test("What is kept of producers reads back as it was, and a piece of one at the end is ignored")
    func notesRoundTrip() {
        var table = ProducerTable()
        for producer: UInt64 in [1, .max] { _ = effects(&table, of: producer, [5, 9, 7, 7, 1_000]) }
        let bytes = notes(&table)
        #expect(bytes.count == 96)
        var read = ProducerTable()
        read.restore(ProducerNotes.decode(bytes))
        #expect(read.totals == table.totals)
        #expect(ProducerNotes.decode(bytes).map(\.id).sorted() == [1, .max])
        for length in 0..<bytes.count {
            #expect(ProducerNotes.decode(Array(bytes.prefix(length))).count == length / 48)
        }
        #expect(notes(&table).isEmpty, "only producers that something came from since")
    }

    @Test(
        "A restart makes no gap: what comes next is next, what was missing may still come late, and what is lost meanwhile counts"
    )
    func restarted() {
        var table = ProducerTable()
        _ = effects(&table, of: 1, [10, 11, 13])
        var next = ProducerTable()
        next.restore(ProducerNotes.decode(notes(&table)))
        #expect(
            effects(&next, of: 1, [14, 12, 13, 18])
                == [Effect(), Effect(arrivedLate: true), Effect(isDuplicate: true), Effect(newlyMissing: 3)])
        #expect(next.totals.missing == 3 && next.totals.late == 1 && next.totals.duplicates == 1)
    }

    @Test("Of two states of a producer the further one counts, whichever is read first")
    func further() {
        var table = ProducerTable()
        _ = effects(&table, of: 1, [10, 12])
        let old = ProducerNotes.decode(notes(&table))
        _ = effects(&table, of: 1, [20, 11])
        let new = ProducerNotes.decode(notes(&table))
        for order in [[old, new], [new, old], [new, new]] {
            var next = ProducerTable()
            for known in order { next.restore(known) }
            #expect(next.totals == table.totals)
            #expect(next.note(producer: 1, sequence: 21) == Effect())
        }
    }

    @Test("What was missing of producers that made room stays in the sum, over a restart too")
    func forgottenStays() {
        var table = ProducerTable(capacity: 4)
        for producer in 1...40 as ClosedRange<UInt64> { _ = effects(&table, of: producer, [1, 3]) }
        #expect(table.totals.missing == 40 && table.count <= 4)
        var next = ProducerTable(capacity: 4)
        next.restore(table.all, forgotten: table.forgotten)
        #expect(next.totals == table.totals)
    }
}
