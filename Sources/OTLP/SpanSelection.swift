/// What is wanted of spans besides their ids, times, name, kind, status, resource and scope.
package struct SpanSelection: Sendable {
    /// Keys of attributes, also of members of maps, such as `a.b`; nil for all.
    private let keys: [[UInt8]]?
    let hasEvents: Bool
    let hasLinks: Bool

    package static let everything = SpanSelection(keys: nil, hasEvents: true, hasLinks: true)

    package init(keys: [String]?, hasEvents: Bool, hasLinks: Bool) {
        self.keys = keys.map { $0.map { Array($0.utf8) } }
        (self.hasEvents, self.hasLinks) = (hasEvents, hasLinks)
    }

    var hasAllAttributes: Bool { keys == nil }

    /// Whether it is one of the keys, or a map of that key may hold one.
    func wants(key: Span<UInt8>) -> Bool {
        guard let keys else { return true }
        return keys.contains { wanted in
            guard wanted.count >= key.count else { return false }
            for index in key.indices where wanted[index] != key[index] { return false }
            return wanted.count == key.count || wanted[key.count] == UInt8(ascii: ".")
        }
    }
}
