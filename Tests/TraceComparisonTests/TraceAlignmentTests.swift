import OTLP
import Testing
import TraceAssembly
import TraceComparison
import TraceModel

@Suite("Two traces are laid side by side by their structure")
struct TraceAlignmentTests {
    /// Rows as `depth change service·name countA/countB deltaMs`.
    private func shown(_ difference: TraceDifference) -> [String] {
        difference.rows.map { row in
            "\(row.depth) \(row.change.rawValue) \(row.service)·\(row.name) \(row.a?.count ?? 0)/\(row.b?.count ?? 0) "
                + "\(row.delta / 1_000_000)"
        }
    }

    @Test("Children are aligned by service, operation and kind, whatever the ids in their names and their order")
    func aligns() {
        var a = Sample()
        a.span(1, "gw", "GET /", 0, 100)
        a.span(2, under: 1, "users", "GET /users/17", 10, 20)
        a.span(3, under: 1, "stock", "GET /stock", 20, 90)
        var b = Sample()
        b.span(8, "gw", "GET /", 0, 50)
        b.span(9, under: 8, "stock", "GET /stock", 5, 30)
        b.span(10, under: 8, "users", "GET /users/4711", 30, 40)
        #expect(
            shown(compare(a.trace, with: b.trace)) == [
                "0 slower gw·GET / 1/1 50", "1 same users·GET /users/{id} 1/1 0", "1 slower stock·GET /stock 1/1 45",
            ])
    }

    @Test("A span of another kind or service is another row, and stands where it stood in its trace")
    func onlyInOne() {
        var a = Sample()
        a.span(1, "gw", "GET /", 0, 100)
        a.span(2, under: 1, "gw", "call", 10, 20, kind: .client)
        a.span(3, under: 1, "gw", "end", 90, 95)
        var b = Sample()
        b.span(1, "gw", "GET /", 0, 100)
        b.span(2, under: 1, "gw", "call", 10, 20, kind: .internal)
        b.span(3, under: 1, "gw", "end", 90, 95)
        #expect(
            shown(compare(a.trace, with: b.trace)) == [
                "0 same gw·GET / 1/1 0", "1 only-b gw·call 0/1 -10", "1 only-a gw·call 1/0 10", "1 same gw·end 1/1 0",
            ])
    }

    @Test("A run of alike siblings is one row with counts, and its children are compared together")
    func folds() {
        var a = Sample()
        var b = Sample()
        a.span(1, "gw", "GET /", 0, 1000)
        b.span(1, "gw", "GET /", 0, 100)
        for index in 0..<120 as Range<UInt64> {
            a.span(100 + index, under: 1, "gw", "SELECT", 5 * index, 5 * index + 5, kind: .client)
            a.span(300 + index, under: 100 + index, "db", "SELECT", 5 * index + 1, 5 * index + 4, kind: .server)
        }
        b.span(100, under: 1, "gw", "SELECT", 0, 5, kind: .client)
        b.span(300, under: 100, "db", "SELECT", 1, 4, kind: .server)
        let difference = compare(a.trace, with: b.trace)
        #expect(
            shown(difference) == [
                "0 slower gw·GET / 1/1 900", "1 slower gw·SELECT 120/1 595", "2 slower db·SELECT 120/1 357",
            ])
        #expect(difference.verdict.row == 1)
        #expect(
            difference.verdict.text
                == "A took 900 ms longer than B: gw · SELECT explains 595 ms, 66 % of it, called 120 times in A and 1 times in B."
        )
    }

    @Test("Equally many and few alike siblings are compared one by one, the first with the first")
    func oneByOne() {
        var a = Sample()
        a.span(1, "gw", "GET /", 0, 100)
        a.span(2, under: 1, "gw", "try", 0, 80)
        a.span(3, under: 1, "gw", "try", 80, 90)
        var b = Sample()
        b.span(1, "gw", "GET /", 0, 30)
        b.span(2, under: 1, "gw", "try", 0, 10)
        b.span(3, under: 1, "gw", "try", 10, 20)
        #expect(
            shown(compare(a.trace, with: b.trace)) == [
                "0 slower gw·GET / 1/1 70", "1 slower gw·try 1/1 70", "1 same gw·try 1/1 0",
            ])
    }

    @Test("What comes again and again between other calls, as in a loop, is one row")
    func loops() {
        var (a, b) = (Sample(), Sample())
        a.span(1, "gw", "GET /", 0, 1000)
        b.span(1, "gw", "GET /", 0, 1000)
        for index in 0..<6 as Range<UInt64> {
            a.span(10 + index, under: 1, "gw", "get", 20 * index, 20 * index + 5)
            a.span(30 + index, under: 1, "gw", "put", 20 * index + 5, 20 * index + 10)
        }
        b.span(10, under: 1, "gw", "get", 0, 5)
        b.span(30, under: 1, "gw", "put", 5, 10)
        #expect(
            shown(compare(a.trace, with: b.trace)) == [
                "0 same gw·GET / 1/1 0", "1 slower gw·get 6/1 25", "1 slower gw·put 6/1 25",
            ])
    }

    @Test("A root that did not arrive stands where the other trace has its root")
    func placeholders() {
        var (a, b) = (Sample(), Sample())
        a.span(2, under: 1, "pay", "charge", 10, 60)
        b.span(1, "gw", "GET /", 0, 100)
        b.span(2, under: 1, "pay", "charge", 10, 60)
        let rows = compare(a.trace, with: b.trace).rows
        #expect(rows.map(\.name) == ["GET /", "charge"])
        #expect(rows.map { $0.a?.spanID.value } == [1, 2])
        #expect(rows.map { $0.b?.spanID.value } == [1, 2])
    }

    // MARK: Verdicts

    @Test("The verdict names the row whose own time explains the difference, not those that waited for it")
    func verdict() {
        var a = Sample()
        a.span(1, "gw", "GET /", 0, 1000)
        a.span(2, under: 1, "pay", "charge", 10, 990)
        a.span(3, under: 2, "db", "SELECT accounts", 20, 970)
        var b = Sample()
        b.span(1, "gw", "GET /", 0, 100)
        b.span(2, under: 1, "pay", "charge", 10, 90)
        b.span(3, under: 2, "db", "SELECT accounts", 20, 60)
        let difference = compare(a.trace, with: b.trace)
        #expect(difference.verdict.row == 2)
        #expect(
            difference.verdict.text
                == "A took 900 ms longer than B: db · SELECT accounts explains 910 ms, all of it (950 ms of its own in A, 40 ms in B)."
        )
        #expect(difference.rows.map(\.ownDelta).reduce(0, +) == 900_000_000)
        let turned = compare(b.trace, with: a.trace)
        #expect(turned.verdict.row == 2)
        #expect(turned.verdict.text.hasPrefix("B took 900 ms longer than A: db · SELECT accounts explains 910 ms"))
    }

    @Test("Of a call that one trace alone makes, the topmost span explains the time of all below it")
    func extraCall() {
        var a = Sample()
        a.span(1, "gw", "GET /", 0, 500)
        a.span(2, under: 1, "fallback", "fetch", 50, 480)
        a.span(3, under: 2, "db", "SELECT", 60, 470)
        var b = Sample()
        b.span(1, "gw", "GET /", 0, 70)
        let difference = compare(a.trace, with: b.trace)
        #expect(difference.verdict.row == 1)
        #expect(
            difference.verdict.text
                == "A took 430 ms longer than B: fallback · fetch explains 430 ms, all of it, and only A has it.")
    }

    @Test("Traces that took the same time are told apart by what failed, the deepest first")
    func failures() {
        var (a, b) = (Sample(), Sample())
        a.span(1, "gw", "GET /", 0, 100, fails: true)
        a.span(2, under: 1, "pay", "charge", 10, 90, fails: true)
        b.span(1, "gw", "GET /", 0, 101)
        b.span(2, under: 1, "pay", "charge", 10, 90)
        let difference = compare(a.trace, with: b.trace)
        #expect(difference.rows.map(\.change) == [.status, .status])
        #expect(difference.verdict.row == 1)
        #expect(
            difference.verdict.text
                == "Both took about the same time, 100 ms and 101 ms; pay · charge failed in A and not in B.")
        #expect(compare(b.trace, with: b.trace).verdict.text == "Both took about the same time, 101 ms and 101 ms.")
    }

    @Test("A trace without spans is compared as well")
    func empty() {
        let none = Sample().trace
        #expect(compare(none, with: none).verdict.text == "Neither trace has a span.")
        var a = Sample()
        a.span(1, "gw", "GET /", 0, 100)
        #expect(shown(compare(a.trace, with: none)) == ["0 only-a gw·GET / 1/0 100"])
        #expect(shown(compare(none, with: a.trace)) == ["0 only-b gw·GET / 0/1 -100"])
    }

    // MARK: Size

    @Test("Of more rows than asked for, those that differ most are kept with the rows above them, and the verdict's")
    func truncates() {
        var (a, b) = (Sample(), Sample())
        a.span(1, "gw", "GET /", 0, 2000)
        b.span(1, "gw", "GET /", 0, 2000)
        for index in 0..<300 as Range<UInt64> {
            let end = 6 * index + (index == 217 ? 6 : 1)
            a.span(10 + index, under: 1, "gw", "step-\(letters(index))", 6 * index, end)
            b.span(10 + index, under: 1, "gw", "step-\(letters(index))", 6 * index, 6 * index + 1)
        }
        let difference = compare(a.trace, with: b.trace, maximumRows: 2)
        #expect(difference.isTruncated)
        #expect(difference.rowCount == 301)
        #expect(difference.rows.map(\.name) == ["GET /", "step-\(letters(217))"])
        #expect(difference.rows.map(\.parent) == [nil, 0])
    }

    /// Names that are not taken for ids.
    private func letters(_ number: UInt64) -> String {
        String(String(number, radix: 26).utf8.map { Character(UnicodeScalar($0 < 58 ? $0 + 49 : $0 + 10)) })
    }

    @Test("Thirty thousand siblings of as many operations, and chains of ten thousand, take no time that matters")
    func large() {
        var (wide, deep) = (Sample(), Sample())
        wide.span(1, "gw", "GET /", 0, 30_000)
        for index in 0..<30_000 as Range<UInt64> {
            wide.span(10 + index, under: 1, "gw", letters(index * 7919 % 30_000), index, index + 1)
        }
        deep.span(1, "gw", "GET /", 0, 100_000)
        for index in 1..<10_000 as Range<UInt64> {
            deep.span(1 + index, under: index, "gw", "go down", index, 100_000 - index)
        }
        let (wideTrace, deepTrace) = (wide.trace, deep.trace)
        let clock = ContinuousClock()
        var (sameRows, deepRows, mixedRows) = (0, 0, 0)
        let time = clock.measure {
            let same = compare(wideTrace, with: wideTrace)
            (sameRows, deepRows) = (same.rowCount, compare(deepTrace, with: deepTrace).rowCount)
            mixedRows = compare(wideTrace, with: deepTrace).rowCount
        }
        #expect(sameRows == 30_001)
        #expect(deepRows == 10_000)
        #expect(mixedRows == 30_001 + 9_999)
        print("three comparisons of up to 30,000 spans: \(time)")
        #expect(time < .seconds(30))
    }
}
