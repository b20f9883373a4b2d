import OTLP
import TraceModel

/// Two digests with their operations and attributes brought together.
struct PopulationContrast {
    /// What is known of one operation in both.
    struct Pair {
        var operation: Operation
        var a = OperationFacts()
        var b = OperationFacts()

        var traces: Int { a.traces.count + b.traces.count }
    }

    /// One value of one attribute on one operation, in both.
    struct Feature {
        /// Index among `pairs`.
        var operation: Int
        /// Index among `fields`.
        var field: Int
        var value: AttributeValue
        var a: FeatureFacts
        var b: FeatureFacts
    }

    let a: PopulationDigest
    let b: PopulationDigest
    private(set) var pairs: [Pair] = []
    private(set) var fields: [FeatureField]
    /// Those of `a`.
    private(set) var features: [Feature] = []
    /// How many values of attributes each operation has.
    private(set) var candidates: [Int] = []

    /// Populations weigh the same, whatever their sizes.
    let weightA: Double
    let weightB: Double
    let countA: Double
    let countB: Double

    init(_ a: PopulationDigest, _ b: PopulationDigest) {
        (self.a, self.b) = (a, b)
        (countA, countB) = (Double(a.traceCount), Double(b.traceCount))
        (weightA, weightB) = (1 / max(1, countA), 1 / max(1, countB))
        fields = a.fields

        var places: [Operation: Int] = [:]
        for (number, operation) in a.operations.enumerated() {
            places[operation] = number
            pairs.append(Pair(operation: operation, a: a.facts[number]))
        }
        var ofB: [Int] = []
        for (number, operation) in b.operations.enumerated() {
            if let place = places[operation] {
                pairs[place].b = b.facts[number]
                ofB.append(place)
            } else {
                ofB.append(pairs.count)
                pairs.append(Pair(operation: operation, b: b.facts[number]))
            }
        }
        // Callers of b's by their numbers here.
        for (number, place) in ofB.enumerated() {
            pairs[place].b.callers = [:]
            for (caller, count) in b.facts[number].callers { pairs[place].b.callers[ofB[caller]] = count }
        }
        addFeatures(ofB)
    }

    private mutating func addFeatures(_ ofB: [Int]) {
        let fieldsOfA = Dictionary(uniqueKeysWithValues: a.fields.enumerated().map { ($1, $0) })
        let valuesOfA = Dictionary(uniqueKeysWithValues: a.values.enumerated().map { ($1, $0) })
        let fieldsOfB = b.fields.map { fieldsOfA[$0] }
        let valuesOfB = b.values.map { valuesOfA[$0] }
        var others: [FeatureKey: FeatureFacts] = [:]
        for (key, facts) in b.features {
            guard let field = fieldsOfB[key.field], let value = valuesOfB[key.value] else { continue }
            others[FeatureKey(operation: ofB[key.operation], field: field, value: value)] = facts
        }
        candidates = Array(repeating: 0, count: pairs.count)
        let support = min(3, max(1, a.traceCount))
        // In a fixed order, so that equal causes come in the same one.
        let keys = a.features.keys.sorted { ($0.operation, $0.field, $0.value) < ($1.operation, $1.field, $1.value) }
        for key in keys {
            guard let ofA = a.features[key] else { continue }
            let other = others[key] ?? FeatureFacts()
            // What came with one trace or two in all explains nothing about many.
            guard ofA.traces.count + other.traces.count >= support else { continue }
            candidates[key.operation] += 1
            features.append(
                Feature(
                    operation: key.operation, field: key.field, value: a.values[key.value], a: ofA, b: other))
        }
    }

    // MARK: Balanced samples

    func mass(_ a: Mass, _ b: Mass) -> Mass { a * weightA + b * weightB }

    /// One trace of each population weighs as its population does.
    func balanced(_ ofA: [Double], _ ofB: [Double]) -> (part: Mass, whole: Mass) {
        var (first, second) = (Mass(), Mass())
        for value in ofA { first.add(value, weight: weightA) }
        for value in ofB { second.add(value, weight: weightB) }
        return (first, first + second)
    }
}
