import OTLP

/// The words of the language, for completion on the command line and in the console.
package enum QueryVocabulary {
    package struct Word: Sendable, Hashable {
        package var text: String
        /// A few words for the person who chooses.
        package var meaning: String

        package init(_ text: String, _ meaning: String) {
            self.text = text
            self.meaning = meaning
        }
    }

    /// Fields that are no attributes.
    package static let fields: [Word] =
        SpanProperty.allCases.map { Word($0.word, $0.meaning) }
        + TraceProperty.allCases.map { Word($0.word, $0.meaning) }

    /// What stands before the key of an attribute to say where it has to be.
    package static let scopes: [Word] = [
        Word("span.", "an attribute of the span itself"), Word("resource.", "an attribute of what sent it"),
        Word("scope.", "an attribute of the instrumentation"), Word("event.", "an attribute of one of its events"),
        Word("link.", "an attribute of one of its links"),
    ]

    package static let operators: [Word] = [
        Word("=", "is written like"), Word("!=", "exists and is not written like"), Word("<", "less than"),
        Word("<=", "at most"), Word(">", "more than"), Word(">=", "at least"),
        Word("=~", "matches all of a regular expression"), Word("!~", "exists and does not match"),
        Word("in", "is one of (a, b), or lies in 1..2"), Word("not in", "exists and is none of them"),
    ]

    package static let connectives: [Word] = [
        Word("and", "both"), Word("or", "one of them"), Word("not", "the opposite"),
        Word("exists", "the field is there"),
    ]

    /// Each is followed by a query in braces.
    package static let relations: [Word] = [
        Word("parent", "the span above satisfies"), Word("child", "a span right below satisfies"),
        Word("ancestor", "a span somewhere above satisfies"), Word("descendant", "a span somewhere below satisfies"),
    ]

    package static let durationUnits = QueryUnit.times.map(\.word)
    package static let sizeUnits = QueryUnit.sizes.map(\.word)
    /// What `kind` is compared with.
    package static let kinds = SpanKind.allCases.map(\.description)
    /// What `status` is compared with.
    package static let statuses = ["unset", "ok", "error"]

    /// Words that may begin a condition and begin with `text`, in the order in which they are offered.
    package static func conditions(beginningWith text: String) -> [Word] {
        let words =
            fields + scopes + relations.map { Word($0.text + " {", $0.meaning) }
            + connectives.filter { $0.text == "not" || $0.text == "exists" }
        return words.filter { $0.text.hasPrefix(text) }
    }

    /// The words that a field can be compared with, where they are few.
    package static func values(of field: QueryField) -> [String] {
        switch ValueKind(of: field) {
        case .word(let words): words
        case .bool: ["true", "false"]
        default: []
        }
    }
}

extension SpanProperty {
    fileprivate var meaning: String {
        switch self {
        case .name: "the operation"
        case .kind: "server, client, …"
        case .status: "unset, ok or error"
        case .statusMessage: "what the service says about its status"
        case .duration: "from start to end"
        case .start: "when it began"
        case .end: "when it ended"
        case .traceID: "32 hexadecimal digits"
        case .spanID: "16 hexadecimal digits"
        case .parentID: "the id of the span above"
        case .service: "the service that sent it"
        case .scopeName: "the instrumentation's name"
        case .scopeVersion: "the instrumentation's version"
        case .eventName: "the name of one of its events"
        case .linkTraceID: "the trace that one of its links points to"
        case .linkSpanID: "the span that one of its links points to"
        }
    }
}

extension TraceProperty {
    fileprivate var meaning: String {
        switch self {
        case .duration: "from the first start to the last end"
        case .spanCount: "how many spans"
        case .serviceCount: "how many services"
        case .errorCount: "how many spans with an error"
        case .rootName: "the operation of the earliest root"
        case .rootService: "the service of the earliest root"
        case .hasError: "whether some span has an error"
        case .start: "when it began"
        }
    }
}
