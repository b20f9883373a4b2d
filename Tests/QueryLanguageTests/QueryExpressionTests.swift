import QueryLanguage
import Testing

@Suite("Query expressions")
struct QueryExpressionTests {
    @Test("Only the four comparisons of order are orderings")
    func orderings() {
        #expect(Comparison.allCases.filter(\.isOrdering) == [.less, .lessOrEqual, .greater, .greaterOrEqual])
    }
}
