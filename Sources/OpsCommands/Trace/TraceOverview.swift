package import JSON
import TraceAssembly

/// What `/api/v1/traces/{id}/overview` says of a trace as a whole.
package struct TraceOverview: Equatable, Sendable {
    /// Where a host's clock is known to differ from another's.
    package struct Clock: Equatable, Sendable {
        package var host: String
        package var reference: String
        /// Bounds of the host's clock minus the reference's.
        package var low: Int64
        package var high: Int64

        package init(host: String, reference: String, low: Int64, high: Int64) {
            (self.host, self.reference, self.low, self.high) = (host, reference, low, high)
        }
    }

    /// What the colours tell.
    package enum ColourBasis: String, Sendable { case share, history, mixed }

    package var traceID = ""
    package var rootService = ""
    package var rootName = ""
    /// Unix nanoseconds; 0 when no span says.
    package var start: UInt64 = 0
    package var duration: UInt64 = 0
    package var criticalTime: UInt64 = 0
    package var uncovered: UInt64 = 0
    package var spanCount = 0
    package var errorCount = 0
    package var missingCount = 0
    package var awaitedCount = 0
    package var duplicateCount = 0
    package var conflictCount = 0
    package var serviceCount = 0
    package var nodeCount = 0
    package var isTruncated = false
    package var basis = ColourBasis.share
    /// Others may come once the collector has summed up the hour before.
    package var areColoursPending = false
    /// The first rows.
    package var rows: [TraceRow] = []
    package var slow: [TraceRow] = []
    package var origins: [TraceRow] = []
    /// Indices of failing spans, ascending; not all of them when `areErrorsTruncated`.
    package var errors: [Int] = []
    package var areErrorsTruncated = false
    package var clocks: [Clock] = []

    package init() {}

    /// Nil when a member is missing, or is not what it must be.
    package init?(_ json: JSONValue) {
        guard let trace = json["trace"], let id = trace["traceId"]?.string, let nodes = Self.count(trace["nodeCount"]),
            let spans = Self.count(trace["spanCount"]), let rows = Self.rows(json["rows"])
        else { return nil }
        (traceID, nodeCount, spanCount, self.rows) = (id, nodes, spans, rows)
        rootService = trace["rootService"]?.string ?? ""
        rootName = trace["rootName"]?.string ?? ""
        start = trace["start"]?.uint64 ?? 0
        duration = trace["durationNs"]?.uint64 ?? 0
        criticalTime = trace["criticalNs"]?.uint64 ?? 0
        uncovered = trace["uncoveredNs"]?.uint64 ?? 0
        errorCount = Self.count(trace["errorCount"]) ?? 0
        missingCount = Self.count(trace["missingCount"]) ?? 0
        awaitedCount = Self.count(trace["awaitedCount"]) ?? 0
        duplicateCount = Self.count(trace["duplicateCount"]) ?? 0
        conflictCount = Self.count(trace["conflictCount"]) ?? 0
        serviceCount = Self.count(trace["serviceCount"]) ?? trace["services"]?.array?.count ?? 0
        isTruncated = trace["truncated"]?.bool ?? false
        areColoursPending = trace["colour"]?["pending"] != nil
        basis = trace["colour"]?["basis"]?.string.flatMap(ColourBasis.init) ?? .share
        slow = Self.rows(json["slow"]) ?? []
        origins = Self.rows(json["origins"]) ?? []
        errors = (json["errors"]?.array ?? []).compactMap(\.int).sorted()
        areErrorsTruncated = json["errorsTruncated"]?.bool ?? false
        clocks = (json["hosts"]?.array ?? []).compactMap(Self.clock)
    }

    private static func rows(_ value: JSONValue?) -> [TraceRow]? {
        guard let list = value?.array else { return nil }
        let rows = list.compactMap { TraceRow($0) }
        return rows.count == list.count ? rows : nil
    }

    private static func count(_ value: JSONValue?) -> Int? {
        guard let number = value?.int, number >= 0 else { return nil }
        return number
    }

    /// Only one whose bounds leave out that the clocks agree.
    private static func clock(_ value: JSONValue) -> Clock? {
        guard let host = value["name"]?.string, let reference = value["reference"]?.string else { return nil }
        guard let low = value["lowNs"]?.integer(as: Int64.self), let high = value["highNs"]?.integer(as: Int64.self),
            low > 0 || high < 0
        else { return nil }
        return Clock(host: host, reference: reference, low: low, high: high)
    }
}
