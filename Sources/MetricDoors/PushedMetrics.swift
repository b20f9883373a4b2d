import JSON

/// Reads the JSON shapes that metrics are pushed in: `{"name","value","tags"}`, `{"metric","value","type"}`, `{"name","value"}`,
/// flat `{"<metric>": value, …}`, and arrays of them. Pure; docs/MetricDoors.md has the mapping.
package struct PushedMetrics: Equatable, Sendable {
    package struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    package enum Kind: Equatable, Sendable { case count, gauge }

    package struct Sample: Equatable, Sendable {
        package var name: String
        package var kind: Kind
        package var value: Double
        /// Sorted by name.
        package var tags: [Label]
    }

    package static let mostSamples = 10_000
    /// Of the JSON text: names, values and tags of the most samples that may come, or of fewer with more tags.
    package static let mostValues = 5 * mostSamples
    package static let mostNameBytes = 255
    package static let mostTags = 64
    package static let mostTagBytes = 1024

    package private(set) var samples: [Sample] = []

    package init(_ body: [UInt8]) throws(Refusal) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONParser.parse(body, depthLimit: 4, valueLimit: Self.mostValues)
        } catch {
            throw Refusal(description: "the body is not JSON: \(error)")
        }
        if case .array(let elements) = json {
            for (index, element) in elements.enumerated() { try add(element, at: "element \(index)") }
        } else {
            try add(json, at: "the body")
        }
    }

    /// - Parameter place: begins the sentence that says what is wrong.
    private mutating func add(_ json: JSONValue, at place: String) throws(Refusal) {
        guard let members = json.members else {
            throw Refusal(
                description: "\(place) is no JSON object; send {\"name\":…,\"value\":…} or {\"<metric>\":value}")
        }
        let isNamed = ["name", "metric"].contains { key in json[key]?.string != nil }
        if isNamed {
            samples.append(try Self.named(members, at: place))
        } else {
            guard !members.isEmpty else { throw Refusal(description: "\(place) is an empty object") }
            for member in members { samples.append(try Self.flat(member, at: place)) }
        }
        guard samples.count <= Self.mostSamples else {
            throw Refusal(description: "there are over \(Self.mostSamples) values; send fewer at once")
        }
    }

    private static func flat(_ member: JSONMember, at place: String) throws(Refusal) -> Sample {
        let name = try checkedName(member.key, at: place)
        guard let value = member.value.double else {
            throw Refusal(description: "\(place): the value of '\(shown(name))' is no number")
        }
        return Sample(name: name, kind: kind(ofUntyped: name), value: value, tags: [])
    }

    private static func named(_ members: [JSONMember], at place: String) throws(Refusal) -> Sample {
        var name: String?
        var value: Double?
        var kind: Kind?
        var tags: [Label] = []
        for member in members {
            switch member.key {
            case "name", "metric":
                guard name == nil else { throw Refusal(description: "\(place) has both 'name' and 'metric'") }
                name = try checkedName(member.value.string ?? "", at: place)
            case "value":
                guard let number = member.value.double else {
                    throw Refusal(description: "\(place): 'value' is no number")
                }
                value = number
            case "type": kind = try Self.kind(member.value, at: place)
            case "tags": tags = try labels(member.value, at: place)
            default: throw Refusal(description: "\(place) has an unknown member '\(shown(member.key))'")
            }
        }
        guard let name else { throw Refusal(description: "\(place) has no name") }
        guard let value else { throw Refusal(description: "\(place) has no 'value'") }
        return Sample(name: name, kind: kind ?? Self.kind(ofUntyped: name), value: value, tags: tags)
    }

    /// Prometheus's convention: what ends with `_total` only rises, so a push of it is an increment.
    private static func kind(ofUntyped name: String) -> Kind { name.hasSuffix("_total") ? .count : .gauge }

    private static func kind(_ json: JSONValue, at place: String) throws(Refusal) -> Kind {
        switch json.string {
        case "count", "counter": .count
        case "gauge": .gauge
        default: throw Refusal(description: "\(place): 'type' is neither \"count\" nor \"gauge\"")
        }
    }

    private static func checkedName(_ name: String, at place: String) throws(Refusal) -> String {
        guard (1...mostNameBytes).contains(name.utf8.count) else {
            throw Refusal(description: "\(place) has a name that is not 1 to \(mostNameBytes) bytes long")
        }
        guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Refusal(description: "\(place) has a name with a control character")
        }
        return name
    }

    private static func labels(_ json: JSONValue, at place: String) throws(Refusal) -> [Label] {
        if json.isNull { return [] }
        guard let members = json.members, members.count <= mostTags else {
            throw Refusal(description: "\(place): 'tags' is no object of at most \(mostTags) members")
        }
        var labels: [Label] = []
        for member in members {
            let text: String
            switch member.value {
            case .string(let value): text = value
            case .number(let digits): text = digits
            case .bool(let flag): text = flag ? "true" : "false"
            default:
                throw Refusal(description: "\(place): tag '\(shown(member.key))' is neither text, number nor boolean")
            }
            guard !member.key.isEmpty, member.key.utf8.count + text.utf8.count <= mostTagBytes else {
                throw Refusal(description: "\(place) has a tag without a name or over \(mostTagBytes) bytes")
            }
            labels.append(Label(member.key, text))
        }
        return labels.sorted { $0.name < $1.name }
    }

    /// Text from a peer, cut and without control characters.
    private static func shown(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(60).map(Character.init))
    }

    // MARK: OTLP

    /// Every push is a data point of its own; those of one body are a nanosecond apart, so that none hides another.
    package func families(now: UInt64) -> [MetricFamily] {
        struct Key: Hashable {
            var name: String
            var shape: MetricFamily.Shape
        }
        var order: [Key] = []
        var families: [Key: MetricFamily] = [:]
        // A name that was lowered in this body is no monotonic counter in it.
        let lowered = Set(samples.lazy.filter { $0.kind == .count && $0.value < 0 }.map(\.name))
        for (index, sample) in samples.enumerated() {
            let time = now + UInt64(index)
            let shape: MetricFamily.Shape =
                sample.kind == .gauge
                ? .gauge : .sum(isMonotonic: !lowered.contains(sample.name), isCumulative: false)
            let key = Key(name: sample.name, shape: shape)
            if families[key] == nil { order.append(key) }
            families[
                key, default: MetricFamily(name: sample.name, unit: MetricUnit.of(name: sample.name), shape: shape)
            ].points.append(
                MetricPoint(
                    attributes: sample.tags, start: sample.kind == .count ? time - 1 : 0, time: time,
                    value: .double(sample.value)))
        }
        return order.compactMap { families[$0] }
    }
}
