package import JSON

/// Why a text is not an OTLP request in JSON: the place in the request, the byte, and what was expected there.
package struct OTLPJSONError: Error, Equatable, Sendable {
    package enum Reason: Equatable, Sendable {
        /// The text is not JSON at all.
        case syntax(JSONError)
        /// Another type of JSON value than the field's.
        case wrongType(expected: String, found: String)
        /// The right type of JSON value with content that the field cannot hold.
        case invalidValue(expected: String)
        /// One field twice in one object, perhaps by its two names.
        case duplicateField
        /// A second member of a group of which one may be set.
        case alreadyChosen(String)
        case nestedTooDeep(limit: Int)
        /// As protobuf the request has more bytes than are allowed.
        case tooLarge(limit: Int)
    }

    package var reason: Reason
    /// Such as `resourceSpans[0].scopeSpans[0].spans[3].traceId`; empty for the request itself.
    package var path: String
    /// Offset of the offending byte from the start of the text.
    package var offset: Int

    package init(_ reason: Reason, path: String, at offset: Int) {
        self.reason = reason
        self.path = path
        self.offset = offset
    }
}

extension OTLPJSONError: CustomStringConvertible {
    package var description: String {
        let place = path.isEmpty ? "byte \(offset)" : "\(path) at byte \(offset)"
        switch reason {
        case .syntax(let error): return "\(place): \(error.reason)"
        case .wrongType(let expected, let found): return "\(place): found \(found), expected \(expected)"
        case .invalidValue(let expected): return "\(place): expected \(expected)"
        case .duplicateField: return "\(place): the field is given twice, expected it once"
        case .alreadyChosen(let other): return "\(place): '\(other)' is set already, expected one of the two"
        case .nestedTooDeep(let limit): return "\(place): messages nested deeper than \(limit) levels"
        case .tooLarge(let limit): return "\(place): the request is over \(limit) bytes as protobuf"
        }
    }
}
