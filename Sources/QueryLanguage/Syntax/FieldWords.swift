/// The words for fields that are no attributes.
enum FieldWords {
    static let known: [String: QueryField] = {
        var words: [String: QueryField] = [:]
        for property in SpanProperty.allCases {
            for word in [property.word] + property.otherWords { words[word] = .span(property) }
        }
        for property in TraceProperty.allCases {
            for word in [property.word] + property.otherWords { words[word] = .trace(property) }
        }
        return words
    }()

    /// Words without a dot, for suggestions.
    static let simple = known.keys.filter { !$0.contains(".") }.sorted()
    static let ofTrace = known.keys.filter { $0.hasPrefix("trace.") }.sorted()

    /// Beginnings that a key without quotation marks cannot have, as something else is meant by them.
    private static let taken: [String] =
        AttributeScope.allCases.compactMap(\.word) + ["trace."] + Relation.allCases.map { $0.rawValue + "." }

    /// Whether a plain word is the key of an attribute and nothing else.
    static func isFree(_ word: String) -> Bool {
        known[word] == nil && !QuerySpelling.keywords.contains(word.lowercased()) && Relation(rawValue: word) == nil
            && !taken.contains(where: word.hasPrefix) && nearMiss(word) == nil
    }

    /// The field that a word without a dot seems to be meant for. Short words need the same letters: too many keys of
    /// attributes are one letter away from them.
    static func nearMiss(_ word: String) -> String? {
        guard word.utf8.count <= 32, known[word] == nil, !word.contains(".") else { return nil }
        let lowered = word.lowercased()
        if let other = simple.first(where: { $0.lowercased() == lowered }) { return other }
        if let relation = Relation.allCases.first(where: { lowered == $0.rawValue || lowered == $0.rawValue + "s" }) {
            return lowered == word && relation.rawValue == word ? nil : relation.rawValue
        }
        if lowered.utf8.count >= 5 {
            return simple.first { $0.utf8.count >= 5 && Spelling.distance(lowered, $0.lowercased(), atMost: 1) != nil }
        }
        return simple.first {
            $0.utf8.count == lowered.utf8.count && Spelling.distance(lowered, $0, atMost: 1) != nil
                && $0.utf8.sorted() == lowered.utf8.sorted()
        }
    }
}

extension AttributeScope {
    /// What stands before the key; nil for `any`.
    var word: String? {
        switch self {
        case .any: nil
        case .span: "span."
        case .resource: "resource."
        case .scope: "scope."
        case .event: "event."
        case .link: "link."
        }
    }
}

extension SpanProperty {
    package var word: String {
        switch self {
        case .name: "name"
        case .kind: "kind"
        case .status: "status"
        case .statusMessage: "status_message"
        case .duration: "duration"
        case .start: "start"
        case .end: "end"
        case .traceID: "trace_id"
        case .spanID: "span_id"
        case .parentID: "parent_id"
        case .service: "service"
        case .scopeName: "scope.name"
        case .scopeVersion: "scope.version"
        case .eventName: "event.name"
        case .linkTraceID: "link.trace_id"
        case .linkSpanID: "link.span_id"
        }
    }

    var otherWords: [String] {
        switch self {
        case .name: ["operation", "span.name"]
        case .kind: ["span.kind"]
        case .status: ["span.status"]
        case .statusMessage: ["status.message"]
        case .duration: ["span.duration"]
        case .start: ["span.start"]
        case .end: ["span.end"]
        case .traceID: ["traceID", "trace.id"]
        case .spanID: ["spanID"]
        case .parentID: ["parentID"]
        case .linkTraceID: ["link.traceID"]
        case .linkSpanID: ["link.spanID"]
        case .service, .scopeName, .scopeVersion, .eventName: []
        }
    }
}

extension TraceProperty {
    package var word: String {
        switch self {
        case .duration: "trace.duration"
        case .spanCount: "trace.spans"
        case .serviceCount: "trace.services"
        case .errorCount: "trace.errors"
        case .rootName: "trace.root.name"
        case .rootService: "trace.root.service"
        case .hasError: "trace.error"
        case .start: "trace.start"
        }
    }

    var otherWords: [String] { [] }
}
