import Glibc
import OTLP
package import TraceAssembly
import TraceModel

/// What traces of one population have in common, gathered trace by trace, so that no trace needs to be kept. Memory is bounded by
/// `Limits`.
package struct PopulationDigest: Sendable {
    package struct Limits: Sendable {
        package var traces = 1000
        package var operations = 4000
        /// Values of attributes of operations.
        package var features = 60_000
        /// Values of one attribute of one operation.
        package var values = 400
        /// Bytes of a text; longer ones are left out.
        package var valueBytes = 256
        /// Attributes of a span.
        package var attributes = 128
        /// Spans of one operation in one trace of which attributes are looked at.
        package var spans = 200
        package init() {}
    }

    private let limits: Limits
    private(set) var traces: [TraceFacts] = []
    private(set) var facts: [OperationFacts] = []
    private(set) var features: [FeatureKey: FeatureFacts] = [:]
    private(set) var fields: [FeatureField] = []
    private(set) var values: [AttributeValue] = []
    /// Whether something was left out because it was too much.
    package private(set) var isPartial = false

    private var table = OperationTable()
    private var fieldNumbers: [FeatureField: Int] = [:]
    private var valueNumbers: [AttributeValue: Int] = [:]
    private var spreads: [SpreadKey: Spread] = [:]

    private struct SpreadKey: Hashable {
        var operation: Int
        var field: Int
    }

    /// How many values an attribute has.
    private struct Spread {
        var values = 0
        /// A value in a trace counts once.
        var occurrences = 0
        var isIdentifier = false

        /// After so many values it shows whether they come again.
        static let trial = 64
    }

    package init(limits: Limits = Limits()) { self.limits = limits }

    var operations: [Operation] { table.operations }

    package var traceCount: Int { traces.count }
    package var failedCount: Int { traces.count { $0.isFailed } }
    /// Nearest rank; nil without traces.
    package func duration(percent: Int) -> UInt64? {
        guard !traces.isEmpty else { return nil }
        let sorted = traces.map(\.duration).sorted()
        return sorted[min(sorted.count - 1, max(0, (sorted.count * percent + 99) / 100 - 1))]
    }

    /// Times below this are noise: a span of 1 µs and one of 5 µs took the same.
    static let shortest = 20_000.0

    static func logarithm(_ nanoseconds: UInt64) -> Double { log(Double(nanoseconds) + shortest) }

    // MARK: One trace

    package mutating func add(_ trace: AssembledTrace) {
        guard trace.summary.spanCount > 0 else { return }
        guard traces.count < limits.traces else {
            isPartial = true
            return
        }
        let number = traces.count
        let failing = Self.originsOfFailure(in: trace)
        traces.append(
            TraceFacts(
                id: trace.traceID, duration: trace.summary.duration, criticalTime: trace.summary.criticalTime,
                logTime: Self.logarithm(trace.summary.criticalTime), isFailed: failing.contains(true)))

        let numbers = trace.nodes.map { $0.isMissing ? nil : operation(of: $0) }
        var counts: [Int: Int] = [:]
        for case let operation? in numbers { counts[operation, default: 0] += 1 }
        var seen: [Int: Int] = [:]
        for (index, node) in trace.nodes.enumerated() {
            guard let operation = numbers[index], let span = node.span, let count = counts[operation] else { continue }
            let caller = node.parent.flatMap { numbers[$0] }
            let isFailing = failing[index]
            visit(operation, by: node, caller: caller, isFailing, weight: 1 / Double(count), trace: number)
            // Of very many spans of one operation, some stand for all.
            let stride = (count + limits.spans - 1) / limits.spans
            let place = seen[operation, default: 0]
            seen[operation] = place + 1
            guard place.isMultiple(of: stride) else { continue }
            let looked = (count + stride - 1) / stride
            let sighting = Sighting(
                node: node, trace: number, operation: operation, weight: 1 / Double(looked),
                stands: Double(count) / Double(looked), isFailing: isFailing)
            note(span, sighting)
        }
    }

    /// Spans that failed and of which no child did.
    private static func originsOfFailure(in trace: AssembledTrace) -> [Bool] {
        var failing = trace.nodes.map(\.isError)
        for index in trace.nodes.indices.reversed() where trace.nodes[index].isError {
            if let parent = trace.nodes[index].parent { failing[parent] = false }
        }
        return failing
    }

    private mutating func operation(of node: TraceNode) -> Int? {
        guard let number = table.number(of: node, limit: limits.operations) else {
            isPartial = true
            return nil
        }
        if number == facts.count {
            facts.append(OperationFacts())
            facts[number].onlyName = node.name
        }
        return number
    }

    private mutating func visit(
        _ operation: Int, by node: TraceNode, caller: Int?, _ isFailing: Bool, weight: Double, trace: Int
    ) {
        let logSelf = Self.logarithm(node.selfTime)
        if facts[operation].traces.insert(trace) { facts[operation].visits.append(.init(trace: trace)) }
        let last = facts[operation].visits.count - 1
        facts[operation].visits[last].count += 1
        facts[operation].visits[last].failures += isFailing ? 1 : 0
        facts[operation].visits[last].criticalTime += Double(node.criticalTime)
        facts[operation].visits[last].logSelf += logSelf * weight
        facts[operation].visits[last].longest = max(facts[operation].visits[last].longest, node.duration)
        facts[operation].spans += 1
        facts[operation].criticalTime += Double(node.criticalTime)
        facts[operation].duration += Double(node.duration)
        facts[operation].logSelf.add(logSelf, weight: weight)
        facts[operation].logDuration.add(Self.logarithm(node.duration), weight: weight)
        facts[operation].failure.add(isFailing ? 1 : 0, weight: weight)
        if facts[operation].onlyName != node.name { facts[operation].onlyName = nil }
        if node.name.utf8.contains(UInt8(ascii: "?")) { facts[operation].hasQuery = true }
        guard let caller else { return }
        if facts[operation].callers[caller] != nil || facts[operation].callers.count < OperationFacts.maximumCallers {
            facts[operation].callers[caller, default: 0] += 1
        }
    }

    // MARK: Attributes

    fileprivate struct Sighting {
        let node: TraceNode
        let trace: Int
        let operation: Int
        let weight: Double
        /// How many spans it stands for.
        let stands: Double
        let isFailing: Bool
    }

    private mutating func note(_ span: SpanValue, _ sighting: Sighting) {
        for attribute in span.attributes.prefix(limits.attributes) {
            note(FeatureField(place: .span, key: attribute.key), attribute.value, sighting)
        }
        for attribute in span.resource.attributes.prefix(limits.attributes) where attribute.key != "service.name" {
            note(FeatureField(place: .resource, key: attribute.key), attribute.value, sighting)
        }
        if !span.status.message.isEmpty {
            note(FeatureField(place: .statusMessage, key: "status_message"), .string(span.status.message), sighting)
        }
        if let type = span.events.first(where: { $0.name == "exception" })?.attributes["exception.type"] {
            note(FeatureField(place: .exception, key: "exception.type"), type, sighting)
        }
    }

    private mutating func note(_ field: FeatureField, _ value: AttributeValue, _ sighting: Sighting) {
        guard isComparable(value), !field.key.isEmpty, field.key.utf8.count <= limits.valueBytes else { return }
        guard let fieldNumber = number(of: field) else { return }
        let spreadKey = SpreadKey(operation: sighting.operation, field: fieldNumber)
        var spread = spreads[spreadKey, default: Spread()]
        guard !spread.isIdentifier else { return }

        var key = FeatureKey(operation: sighting.operation, field: fieldNumber, value: -1)
        if let known = valueNumbers[value] { key.value = known }
        if key.value < 0 || features[key] == nil {
            guard spread.values < limits.values, features.count < limits.features else {
                isPartial = true
                return
            }
            if key.value < 0 {
                key.value = values.count
                values.append(value)
                valueNumbers[value] = key.value
            }
            spread.values += 1
        }
        let isNewTrace = features[key, default: FeatureFacts()].add(sighting)
        if isNewTrace { spread.occurrences += 1 }
        // Ids hardly ever come twice.
        if spread.values == Spread.trial, spread.occurrences < spread.values * 3 / 2 { spread.isIdentifier = true }
        spreads[spreadKey] = spread
    }

    private func isComparable(_ value: AttributeValue) -> Bool {
        switch value {
        case .string(let text): text.utf8.count <= limits.valueBytes
        case .int, .bool: true
        case .double(let number): number.isFinite
        case .empty, .bytes, .array, .map: false
        }
    }

    private mutating func number(of field: FeatureField) -> Int? {
        if let known = fieldNumbers[field] { return known }
        guard fields.count < limits.features else {
            isPartial = true
            return nil
        }
        fieldNumbers[field] = fields.count
        fields.append(field)
        return fields.count - 1
    }
}

extension FeatureFacts {
    /// - Returns: whether the trace is new to it.
    fileprivate mutating func add(_ sighting: PopulationDigest.Sighting) -> Bool {
        let node = sighting.node
        spans += sighting.stands
        criticalTime += Double(node.criticalTime) * sighting.stands
        duration += Double(node.duration) * sighting.stands
        logSelf.add(PopulationDigest.logarithm(node.selfTime), weight: sighting.weight)
        logDuration.add(PopulationDigest.logarithm(node.duration), weight: sighting.weight)
        failure.add(sighting.isFailing ? 1 : 0, weight: sighting.weight)
        return traces.insert(sighting.trace)
    }
}
