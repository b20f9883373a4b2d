package import OTLP
import Summaries
import TraceAssembly

/// What spans of one service do under one name, ids in the name left out.
package struct Operation: Hashable, Sendable {
    package var service: String
    /// As `OperationName.cluster` makes it.
    package var name: String
    package var kind: SpanKind

    package init(service: String, name: String, kind: SpanKind = .unspecified) {
        self.service = service
        self.name = name
        self.kind = kind
    }

    /// For sentences: `pay · POST /charge`.
    var title: String {
        (service.isEmpty ? "unknown service" : service.shortened) + " · " + (name.isEmpty ? "unnamed" : name.shortened)
    }
}

/// Numbers operations in the order in which they come up. Each spelling of a name is clustered once.
struct OperationTable: Sendable {
    private(set) var operations: [Operation] = []
    private var numbers: [Operation: Int] = [:]
    private var numbersOfSpellings: [Operation: Int] = [:]

    /// - Returns: nil where the operation would be one more than `limit`.
    mutating func number(of node: TraceNode, limit: Int = .max) -> Int? {
        let kind = node.span?.kind ?? .unspecified
        let spelling = Operation(service: node.serviceName, name: node.name, kind: kind)
        if let known = numbersOfSpellings[spelling] { return known }
        let operation = Operation(service: spelling.service, name: OperationName.cluster(spelling.name), kind: kind)
        guard let number = numbers[operation] ?? add(operation, limit) else { return nil }
        if numbersOfSpellings.count < Self.maximumSpellings { numbersOfSpellings[spelling] = number }
        return number
    }

    private mutating func add(_ operation: Operation, _ limit: Int) -> Int? {
        guard operations.count < limit else { return nil }
        numbers[operation] = operations.count
        operations.append(operation)
        return operations.count - 1
    }

    /// More are clustered anew each time.
    private static let maximumSpellings = 100_000
}

extension String {
    /// What of a name goes into a sentence.
    var shortened: String { unicodeScalars.count <= 120 ? self : String(prefix(117)) + "…" }
}
