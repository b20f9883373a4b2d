/// Tags of a line in the one order that a series has, and what is made of them.
struct StatsDTags {
    /// Sorted by bytes, each once.
    private(set) var sorted: [Range<Int>] = []

    mutating func sort(_ tags: [Range<Int>], _ bytes: Span<UInt8>) {
        sorted.removeAll(keepingCapacity: true)
        // By insertion: there are few, and most clients send them in one order.
        for tag in tags {
            var place = sorted.count
            var isKnown = false
            while place > 0 {
                let order = Self.compare(bytes, tag, sorted[place - 1])
                if order == 0 { isKnown = true }
                if order >= 0 { break }
                place -= 1
            }
            if !isKnown { sorted.insert(tag, at: place) }
        }
    }

    private static func compare(_ bytes: Span<UInt8>, _ left: Range<Int>, _ right: Range<Int>) -> Int {
        for index in 0..<min(left.count, right.count) {
            let (a, b) = (bytes[left.lowerBound + index], bytes[right.lowerBound + index])
            if a != b { return a < b ? -1 : 1 }
        }
        return left.count - right.count
    }

    /// `key:value` is an attribute, `key` alone one that is "true", and values of one key are joined by commas: OTLP has each key
    /// once.
    func attributes(_ bytes: Span<UInt8>) -> [Label] {
        var labels: [Label] = []
        for tag in sorted {
            var rest = tag
            let key = StatsDParser.cut(&rest, at: UInt8(ascii: ":"), bytes)
            let label =
                key.map { Label(StatsDParser.text(bytes, $0), StatsDParser.text(bytes, rest)) }
                ?? Label(StatsDParser.text(bytes, tag), "true")
            if let known = labels.firstIndex(where: { $0.name == label.name }) {
                labels[known].value += "," + label.value
            } else {
                labels.append(label)
            }
        }
        return labels
    }
}
