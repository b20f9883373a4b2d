import TraceModel

/// What somebody wants to see in the console, and its address there.
package enum ConsolePage: Equatable, Sendable {
    case trace(String, span: String?)
    case named(String)
    case query(String)

    /// The console's pages by the names people say, and their paths.
    package static let names = [
        ("traces", "/"), ("services", "/services"), ("graph", "/graph"), ("compare", "/compare"),
    ]

    /// A trace ID in any form that is copied (one of a span's own behind it stays chosen), the name of a page, or a query.
    package init(_ text: String) {
        if Self.names.contains(where: { $0.0 == text }) {
            self = .named(text)
        } else if let id = TraceIDText.parse(text) {
            let parts = text.split(separator: "-")
            let span = parts.count == 4 ? parts[2] : parts.count > 1 ? parts[1] : ""
            let isSpan =
                span.count == 16 && span.allSatisfy { $0.isHexDigit && $0.isASCII } && span.contains { $0 != "0" }
            self = .trace(id.description, span: isSpan ? span.lowercased() : nil)
        } else {
            self = .query(text)
        }
    }

    package var path: String {
        switch self {
        case .trace(let id, let span): "/trace/\(id)" + (span.map { "#" + $0 } ?? "")
        case .named(let name): Self.names.first { $0.0 == name }?.1 ?? "/"
        case .query(let text): "/?q=\(percentEncoded(text))"
        }
    }
}
