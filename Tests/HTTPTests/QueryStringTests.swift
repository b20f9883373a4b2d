import HTTP
import Testing

@Suite("A URL's query is names with values")
struct QueryStringTests {
    @Test("Names may be repeated, values may be empty or missing, and the first of a name counts")
    func pairs() {
        let query = QueryString("a=1&b=&c&a=2&&=x&d=e=f")
        #expect(query["a"] == "1" && query.values("a") == ["1", "2"])
        #expect(query["b"] == "" && query["c"] == "" && query["d"] == "e=f" && query[""] == "x")
        #expect(query["e"] == nil && query.values("e") == [])
        #expect(!query.isCut)
    }

    @Test(
        "Escapes are resolved; what is none stands for itself",
        arguments: [
            ("a+b%20c", "a b c"), ("%C3%a9", "é"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%2", "%2"),
            ("%41%", "A%"),
            ("%FF", "\u{FFFD}"), ("%2541", "%41"),
        ])
    func escapes(text: String, decoded: String) {
        #expect(QueryString.decode(text) == decoded)
        #expect(QueryString("k=\(text)")["k"] == decoded)
    }

    @Test("In a path a plus is a plus")
    func paths() {
        #expect(QueryString.decode("a+b%2B", plusIsSpace: false) == "a+b+")
    }

    @Test("No more pairs are read than allowed, and it is told")
    func bounded() {
        let query = QueryString("a=1&b=2&c=3", maximumPairs: 2)
        #expect(query.isCut && query["b"] == "2" && query["c"] == nil)
        #expect(!QueryString("a=1&b=2", maximumPairs: 2).isCut)
    }
}
