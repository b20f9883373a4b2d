import JSON

/// One answer of `/api/v1/search`.
struct FoundPage {
    struct Trace {
        var id: String
        var rootService: String
        var rootName: String
        var start: UInt64
        var duration: UInt64
        var spans: Int
        var errors: Int
        var missing: Int
        /// The span that did not arrive and on which it depends whether the query is satisfied.
        var unknownBecause: String?
    }

    var traces: [Trace] = []
    var isTruncated: Bool
    var isComplete: Bool
    var cursor: String?
    var framesRead: Int
    var framesToRead: Int
    var searchedBackTo: UInt64?

    /// Nil when a member is missing.
    init?(_ json: JSONValue) {
        guard let list = json["traces"]?.array, let truncated = json["truncated"]?.bool,
            let complete = json["complete"]?.bool
        else { return nil }
        (isTruncated, isComplete) = (truncated, complete)
        cursor = json["cursor"]?.string
        framesRead = Self.number(json["searched"]?["framesRead"])
        framesToRead = Self.number(json["searched"]?["framesToRead"])
        searchedBackTo = json["searched"]?["backTo"]?.string.flatMap { UInt64($0) }
        for item in list {
            guard let trace = Trace(item) else { return nil }
            traces.append(trace)
        }
    }

    fileprivate static func number(_ value: JSONValue?) -> Int {
        if case .number(let text)? = value { max(0, Int(text) ?? 0) } else { 0 }
    }
}

extension FoundPage.Trace {
    /// Nil when it is none.
    init?(_ json: JSONValue) {
        guard let id = json["traceId"]?.string else { return nil }
        self.init(
            id: id, rootService: json["rootService"]?.string ?? "", rootName: json["rootName"]?.string ?? "",
            start: json["start"]?.string.flatMap { UInt64($0) } ?? 0,
            duration: UInt64(FoundPage.number(json["durationNs"])), spans: FoundPage.number(json["spanCount"]),
            errors: FoundPage.number(json["errorCount"]), missing: FoundPage.number(json["missingCount"]),
            unknownBecause: json["unknownBecause"]?.string)
    }
}
