/// A regular expression that a whole value must match.
package struct QueryPattern: Sendable, Hashable {
    package let source: String

    /// The error's column counts from the beginning of `source`.
    package init(_ source: String) throws(QuerySyntaxError) {
        self.source = source
    }

    /// Takes time in proportion to the text's length.
    package func matches(_ text: Span<UInt8>) -> Bool {
        text.count == source.utf8.count && source.utf8.enumerated().allSatisfy { text[$0.offset] == $0.element }
    }
}
