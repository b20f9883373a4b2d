package import JSON
package import TraceAssembly

/// One node of a trace, as `/api/v1/traces/{id}/rows` gives it. Times are nanoseconds, offsets count from the trace's start.
package struct TraceRow: Equatable, Sendable {
    package struct Stretch: Equatable, Sendable {
        package var offset: UInt64
        package var duration: UInt64

        package init(_ offset: UInt64, _ duration: UInt64) {
            self.offset = offset
            self.duration = duration
        }
    }

    /// Alike siblings in a run that begins with this row: `index ..< index + nodes`, with all that is below them.
    package struct Fold: Equatable, Sendable {
        package var siblings: Int
        package var nodes: Int
        /// Of all of them together.
        package var step: LatencyStep?

        package init(siblings: Int, nodes: Int, step: LatencyStep? = nil) {
            self.siblings = siblings
            self.nodes = nodes
            self.step = step
        }
    }

    /// Why there is no span in a row's place.
    package enum Absence: String, Sendable {
        case awaited
        case notReceived = "not received"
    }

    package var index: Int
    package var spanID: String
    package var depth = 0
    package var childCount = 0
    package var subtreeCount = 1
    package var offset: UInt64 = 0
    package var duration: UInt64 = 0
    package var selfTime: UInt64 = 0
    package var criticalTime: UInt64 = 0
    /// The row's stretches of the critical path.
    package var path: [Stretch] = []
    package var step = LatencyStep.negligible
    /// The share of earlier spans of the same kind that were faster; nil without history.
    package var rank: Double?
    package var isError = false
    package var isOrigin = false
    package var absence: Absence?
    package var oddities: [String] = []
    package var service = ""
    package var name = ""
    package var fold: Fold?

    package init(index: Int, spanID: String) {
        self.index = index
        self.spanID = spanID
    }

    /// The first index behind the row's subtree.
    package var end: Int { index + subtreeCount }

    /// Nil when a member is missing, or is not what it must be.
    package init?(_ json: JSONValue) {
        guard let members = json.members else { return nil }
        var row = TraceRow(index: -1, spanID: "")
        for member in members {
            guard row.read(member.key, member.value) else { return nil }
        }
        guard row.index >= 0 else { return nil }
        self = row
    }

    /// No trace has as many nodes, and sums of as many do not overflow.
    private static let mostNodes = 1 << 40

    private mutating func read(_ key: String, _ value: JSONValue) -> Bool {
        switch key {
        case "index": Self.take(value, &index)
        case "spanId": Self.take(value.string, &spanID)
        case "depth": Self.take(value, &depth)
        case "childCount": Self.take(value, &childCount)
        case "subtreeCount": Self.take(value, &subtreeCount) && subtreeCount > 0
        case "offsetNs": Self.take(value.uint64, &offset)
        case "durationNs": Self.take(value.uint64, &duration)
        case "selfNs": Self.take(value.uint64, &selfTime)
        case "criticalNs": Self.take(value.uint64, &criticalTime)
        case "path": Self.take(Self.stretches(value), &path)
        case "latency_step": Self.take(Self.step(value), &step)
        case "latency_rank":
            value.isNull || Self.take(value.double.map { Optional(min(1, max(0, $0))) }, &rank)
        case "error": Self.take(value.bool, &isError)
        case "origin": Self.take(value.bool, &isOrigin)
        case "missing": Self.take(value.string.map { Absence(rawValue: $0) ?? .notReceived }, &absence)
        case "oddities": Self.take(value.array?.compactMap(\.string), &oddities)
        case "service": Self.take(value.string, &service)
        case "name": Self.take(value.string, &name)
        case "fold": readFold(value)
        default: true
        }
    }

    private mutating func readFold(_ value: JSONValue) -> Bool {
        var read = Fold(siblings: 0, nodes: 0)
        guard Self.take(value["siblings"] ?? .null, &read.siblings), Self.take(value["nodes"] ?? .null, &read.nodes),
            read.nodes > 0
        else { return false }
        read.step = value["latency_step"].flatMap(Self.step)
        fold = read
        return true
    }

    private static func step(_ value: JSONValue) -> LatencyStep? {
        value.int.flatMap { UInt8(exactly: $0) }.flatMap(LatencyStep.init)
    }

    private static func take<T>(_ value: T?, _ place: inout T) -> Bool {
        guard let value else { return false }
        place = value
        return true
    }

    private static func take(_ value: JSONValue, _ place: inout Int) -> Bool {
        guard let number = value.int, number >= 0, number < mostNodes else { return false }
        place = number
        return true
    }

    private static func stretches(_ value: JSONValue) -> [Stretch]? {
        guard let list = value.array else { return nil }
        var stretches: [Stretch] = []
        for pair in list {
            guard let offset = pair[0]?.uint64, let duration = pair[1]?.uint64 else { return nil }
            stretches.append(Stretch(offset, duration))
        }
        return stretches
    }
}
