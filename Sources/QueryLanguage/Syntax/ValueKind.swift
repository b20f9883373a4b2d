/// What the value of a condition has to be, which depends on the field.
enum ValueKind {
    case anything
    case text
    /// One of a few words.
    case word([String])
    case duration
    case moment
    case count
    case bool
    case traceID
    case spanID

    init(of field: QueryField) {
        switch field {
        case .attribute: self = .anything
        case .span(let property):
            switch property {
            case .name, .statusMessage, .service, .scopeName, .scopeVersion, .eventName: self = .text
            case .kind: self = .word(QueryVocabulary.kinds)
            case .status: self = .word(QueryVocabulary.statuses)
            case .duration: self = .duration
            case .start, .end: self = .moment
            case .traceID, .linkTraceID: self = .traceID
            case .spanID, .parentID, .linkSpanID: self = .spanID
            }
        case .trace(let property):
            switch property {
            case .duration: self = .duration
            case .spanCount, .serviceCount, .errorCount: self = .count
            case .rootName, .rootService: self = .text
            case .hasError: self = .bool
            case .start: self = .moment
            }
        }
    }

    /// Whether `<` and ranges mean something.
    var hasOrder: Bool {
        switch self {
        case .anything, .text, .duration, .moment, .count: true
        case .word, .bool, .traceID, .spanID: false
        }
    }

    /// Whether a pattern means something.
    var hasText: Bool {
        switch self {
        case .anything, .text, .word, .traceID, .spanID: true
        case .duration, .moment, .count, .bool: false
        }
    }
}
