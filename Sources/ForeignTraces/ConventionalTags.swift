import OTLP

/// Tags by which OpenTelemetry's exporters say what Jaeger's and Zipkin's spans have no field for. Reading takes them out.
struct ConventionalTags {
    private(set) var attributes: [Attribute]

    init(_ attributes: [Attribute]) { self.attributes = attributes }

    /// An exporter writes its own tags behind the span's attributes, so the last of equal keys is its own.
    mutating func takeLast(_ key: String) -> String? {
        guard let index = attributes.lastIndex(where: { $0.key == key && $0.value.string != nil }) else { return nil }
        return attributes.remove(at: index).value.string
    }

    /// The scope's tags are written before them.
    mutating func takeFirst(_ key: String) -> String? {
        guard let index = attributes.firstIndex(where: { $0.key == key && $0.value.string != nil }) else { return nil }
        return attributes.remove(at: index).value.string
    }

    mutating func takeScope() -> ScopeValue {
        let name = takeFirst("otel.scope.name") ?? takeFirst("otel.library.name") ?? ""
        let version = takeFirst("otel.scope.version") ?? takeFirst("otel.library.version") ?? ""
        return ScopeValue(name, version: version)
    }

    /// `error` counts when it is true; any other value of it stays an attribute.
    mutating func takeStatus() -> SpanStatus {
        var code = SpanStatus.Code.unset
        switch takeLast("otel.status_code") {
        case "OK"?: code = .ok
        case "ERROR"?: code = .error
        default: break
        }
        if let index = attributes.lastIndex(where: { $0.key == "error" && $0.value.isTrue }) {
            attributes.remove(at: index)
            code = .error
        }
        return SpanStatus(code, message: takeLast("otel.status_description") ?? "")
    }
}

extension AttributeValue {
    fileprivate var isTrue: Bool {
        switch self {
        case .bool(let value): value
        case .string(let text): text == "true"
        default: false
        }
    }
}
