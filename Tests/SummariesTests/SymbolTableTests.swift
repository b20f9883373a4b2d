import Summaries
import Testing

@Suite("Symbols")
struct SymbolTableTests {
    @Test("A text has one symbol; the empty text and 'other' have fixed ones")
    func interning() {
        var table = SymbolTable()
        let checkout = table.intern("checkout")
        #expect(table.intern("checkout") == checkout)
        #expect(Array(table.bytes(of: checkout)) == Array("checkout".utf8))
        #expect(table.intern("") == SymbolTable.none)
        #expect(table.intern("other") == SymbolTable.other)
        #expect(table.count == 3)
    }

    @Test("A table that is full in number or bytes says 'other' and counts it", arguments: [(3, 1000), (100, 13)])
    func full(maximumCount: Int, maximumBytes: Int) {
        var table = SymbolTable(maximumCount: maximumCount, maximumBytes: maximumBytes)
        let first = table.intern("checkout")
        #expect(first == 2)
        #expect(table.intern("payment") == SymbolTable.other)
        #expect(table.intern("checkout") == first)
        #expect(table.overflows == 1)
    }

    @Test("Ten thousand texts of every length below 40 keep their symbols")
    func many() {
        var table = SymbolTable()
        let texts = (0..<10_000).map { String(repeating: "x", count: $0 % 30) + "\($0)" }
        let symbols = texts.map { table.intern($0) }
        #expect(Set(symbols).count == 10_000)
        #expect(texts.map { table.intern($0) } == symbols)
        #expect(zip(texts, symbols).allSatisfy { Array(table.bytes(of: $1)) == Array($0.utf8) })
    }
}
