/// A pattern for whole texts: `*` stands for any number of bytes, `?` for one; everything else for itself.
struct TextGlob: Hashable, Sendable {
    /// Longer texts match nothing: to compare them would cost much.
    static let maximumTextBytes = 4096

    private let pattern: [UInt8]

    init(_ text: String) { pattern = Array(text.utf8) }

    func matches(_ text: Span<UInt8>) -> Bool {
        text.count <= Self.maximumTextBytes && Self.matches(pattern, text)
    }

    /// Takes at most the product of both lengths.
    static func matches(_ pattern: [UInt8], _ text: Span<UInt8>) -> Bool {
        var (place, position) = (0, 0)
        var retry: (place: Int, position: Int)?
        while position < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                place += 1
                retry = (place, position)
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == text[position] {
                place += 1
                position += 1
            } else if let last = retry {
                retry = (last.place, last.position + 1)
                (place, position) = (last.place, last.position + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
