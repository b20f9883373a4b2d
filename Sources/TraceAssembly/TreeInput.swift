/// What the tree of a trace is made of: one entry for each span id, in any order.
struct TreeInput: Sendable {
    var id: [UInt64]
    /// 0 for none.
    var parent: [UInt64]
    var start: [UInt64]
    var end: [UInt64]
    /// What is known to be strange before the tree is made: copies and conflicts.
    var oddities: [SpanOddities]
    /// Of all entries.
    let table: SpanIDTable

    var count: Int { id.count }
}
