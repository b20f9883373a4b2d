/// How a span ended, as its service tells it.
package struct SpanStatus: Sendable, Hashable {
    package enum Code: UInt8, Sendable, Hashable, CaseIterable {
        case unset = 0
        case ok = 1
        case error = 2
    }

    package var code: Code
    package var message: String

    package init(_ code: Code = .unset, message: String = "") {
        self.code = code
        self.message = message
    }
}
