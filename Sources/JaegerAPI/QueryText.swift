import OTLP

/// Builds a text of the query language out of what Jaeger's parameters ask for. Every key and value is quoted, so whatever
/// stands in them, it stays one key or value.
struct QueryText {
    private var terms: [String] = []

    /// Empty when everything is asked for.
    var text: String { terms.joined(separator: " and ") }

    mutating func service(_ name: String) { terms.append("service = \(Self.quoted(name))") }
    mutating func operation(_ name: String) { terms.append("name = \(Self.quoted(name))") }
    mutating func minimumDuration(_ nanoseconds: UInt64) { terms.append("duration >= \(nanoseconds)ns") }
    mutating func maximumDuration(_ nanoseconds: UInt64) { terms.append("duration <= \(nanoseconds)ns") }

    /// A tag, wherever it stands. What Jaeger shows as a tag and is none here is asked for by its own name as well.
    mutating func tag(_ key: String, _ value: String) {
        let plain = "\(Self.quoted(key)) = \(Self.quoted(value))"
        if let own = Self.ownTerm(key, value) {
            terms.append("(\(own) or \(plain))")
        } else {
            terms.append(plain)
        }
    }

    private static func ownTerm(_ key: String, _ value: String) -> String? {
        switch key {
        case "error" where value == "true": "status = error"
        case "otel.status_code" where value == "ERROR": "status = error"
        case "otel.status_code" where value == "OK": "status = ok"
        case "otel.status_description": "statusMessage = \(quoted(value))"
        case "span.kind":
            SpanKind.allCases.first { $0 != .unspecified && $0.description == value }.map { "kind = \($0)" }
        case "otel.scope.name", "otel.library.name": "scope.name = \(quoted(value))"
        case "otel.scope.version", "otel.library.version": "scope.version = \(quoted(value))"
        case "event": "event.name = \(quoted(value))"
        default: nil
        }
    }

    /// Between double quotes; quotes, backslashes and everything that is no plain character are escaped.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                quoted += "\\u{\(String(scalar.value, radix: 16))}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
