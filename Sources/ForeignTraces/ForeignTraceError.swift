package import JSON

/// Why a document of another tracing system cannot be read, and where.
package struct ForeignTraceError: Error, Equatable, Sendable {
    package enum Reason: Equatable, Sendable {
        case json(JSONError)
        /// A value of another kind stands where `expected` belongs.
        case mismatch(field: String, expected: String)
        /// A span, reference or trace without something that it cannot be understood without.
        case missing(field: String, in: String)
        case unknownProcess(String)
        case tooManySpans(limit: Int)
        case tooManyItems(limit: Int)
    }

    package var reason: Reason
    /// Offset from the start of the text at which reading ended.
    package var offset: Int
    /// Counted from 1.
    package var line: Int

    package init(_ reason: Reason, offset: Int, line: Int) {
        self.reason = reason
        self.offset = offset
        self.line = line
    }
}

extension ForeignTraceError: CustomStringConvertible {
    package var description: String {
        if case .json(let error) = reason { return "not JSON: \(error)" }
        return "line \(line) (byte \(offset)): \(reason)"
    }
}

extension ForeignTraceError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .json(let error): "not JSON: \(error)"
        case .mismatch(let field, let expected): "'\(field)' is not \(expected)"
        case .missing(let field, let owner): "a \(owner) has no '\(field)'"
        case .unknownProcess(let id): "a span names the process '\(id.prefix(80))', which its trace does not list"
        case .tooManySpans(let limit): "there are more than \(limit) spans; split the document"
        case .tooManyItems(let limit): "a span has more than \(limit) tags, logs and references"
        }
    }
}
