/// How much a summary may hold. Beyond it texts become "other" and minutes "no time".
package struct SummaryBounds: Sendable, Equatable {
    package var services = 1_000
    package var operationsOfService = 200
    /// Databases, queues and hosts in the call graph.
    package var peers = 1_000
    package var minutes = 16_384
    /// Spans that a builder holds.
    package var spans = 4_000_000
    /// Rows (of a service, operation, kind and minute; or of an edge and minute) after which `merge` refuses.
    package var rows = 1_000_000

    package init() {}
}
