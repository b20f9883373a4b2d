import QueryLanguage
import SpanColumns
import TraceAssembly

/// Finds nodes of a trace by words: each word stands in the service, the name, the status message or the span id, in any case.
struct TraceFind {
    /// By rising number.
    private(set) var nodes: [Int] = []
    private(set) var count = 0
    /// Whether all was looked at before the deadline.
    private(set) var isWhole = true
    private let limit: Int

    /// A part of an id is looked for from so many digits on.
    private static let fewestDigits = 4

    init(_ text: String, in shape: TraceShape, limit: Int, deadline: ContinuousClock.Instant) {
        self.limit = limit
        let words = text.lowercased().split(whereSeparator: \.isWhitespace).prefix(16).map { Array($0.utf8) }
        guard !words.isEmpty else { return }
        // Few texts stand in many nodes: each is looked at once.
        var holds = words.map { _ in [Bool](repeating: false, count: shape.texts.count) }
        for index in 0..<shape.texts.count {
            if index % 256 == 255, ContinuousClock.now >= deadline {
                isWhole = false
                break
            }
            let text = Array(String(decoding: shape.texts.utf8(index), as: UTF8.self).lowercased().utf8)
            for (number, word) in words.enumerated() { holds[number][index] = Self.contains(text, word) }
        }
        let operations = holds.map { holds in
            shape.operations.map { holds[Int($0.service)] || holds[Int($0.name)] }
        }
        let digits = words.map { word in
            word.count >= Self.fewestDigits && word.count <= 16 && word.allSatisfy(\.isHexDigit)
        }
        for node in 0..<shape.count {
            if node % 65_536 == 65_535, ContinuousClock.now >= deadline {
                isWhole = false
                break
            }
            var isFound = true
            for index in words.indices where isFound {
                isFound =
                    operations[index][Int(shape.operation[node])] || holds[index][Int(shape.message[node])]
                    || digits[index] && Self.contains(Self.hex(shape.id[node]), words[index])
            }
            if isFound { add(node) }
        }
    }

    /// - Parameter found: nodes that were found otherwise.
    init(_ found: NodeSet, limit: Int) {
        self.limit = limit
        found.forEach { add($0) }
    }

    private mutating func add(_ node: Int) {
        count += 1
        if nodes.count < limit { nodes.append(node) }
    }

    private static func hex(_ id: UInt64) -> [UInt8] {
        (0..<16).map { place in
            let digit = UInt8(truncatingIfNeeded: id >> UInt64(60 - 4 * place) & 15)
            return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }

    private static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
        guard word.count <= text.count else { return false }
        search: for start in 0...(text.count - word.count) where text[start] == word[0] {
            for index in 1..<max(1, word.count) where text[start + index] != word[index] { continue search }
            return true
        }
        return false
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
}
