/// Gives texts small numbers. Bounded: what comes after the bound is `other`. Numbers depend on the order of arrival and mean
/// nothing outside of this table. One thread at a time.
package struct SymbolTable: Sendable {
    /// The empty text.
    package static let none: UInt32 = 0
    /// The text "other", and every text that found no room.
    package static let other: UInt32 = 1

    /// How many times a text found no room.
    package private(set) var overflows: UInt64 = 0

    private let maximumCount: Int
    private let maximumBytes: Int
    private var text: [UInt8] = []
    /// Where each symbol's text ends.
    private var ends: [Int] = []
    private var hashes: [UInt64] = []
    /// Symbols plus one at places given by their hashes; 0 is free. A power of two, at most half full.
    private var places: [UInt32]
    private var clusters = ClusterCache()

    package init(maximumCount: Int = 100_000, maximumBytes: Int = 8 << 20) {
        precondition(maximumCount >= 2 && maximumCount < 1 << 30, "SymbolTable: a bound out of range")
        (self.maximumCount, self.maximumBytes) = (maximumCount, maximumBytes)
        places = Array(repeating: 0, count: 1024)
        _ = intern("")
        _ = intern(OperationName.other)
    }

    package var count: Int { ends.count }

    /// The symbol of a text. No allocation if the text is known.
    package mutating func intern(_ bytes: Span<UInt8>) -> UInt32 {
        intern(bytes, hash: TextHash.hash(bytes))
    }

    package mutating func intern(_ text: String) -> UInt32 { intern(text.utf8Span.span) }

    /// The symbol of the clustered form of a span's name, see `OperationName`. Names seen lately are answered from a cache, so
    /// that names with ids in them take no room.
    package mutating func operation(ofName name: Span<UInt8>) -> UInt32 {
        let hash = TextHash.hash(name)
        if let symbol = clusters.symbol(of: name, hash: hash) { return symbol }
        let cluster = OperationName.cluster(name)
        let symbol = intern(cluster.span)
        clusters.remember(name, hash: hash, symbol: symbol)
        return symbol
    }

    /// The bytes of a symbol of this table.
    package func bytes(of symbol: UInt32) -> ArraySlice<UInt8> {
        let index = Int(symbol)
        return text[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    private mutating func intern(_ bytes: Span<UInt8>, hash: UInt64) -> UInt32 {
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != 0 {
            let symbol = Int(places[place] - 1)
            if hashes[symbol] == hash, isText(of: symbol, bytes) { return UInt32(symbol) }
            place = (place + 1) & (places.count - 1)
        }
        guard ends.count < maximumCount, bytes.count <= maximumBytes - text.count else {
            overflows &+= 1
            return Self.other
        }
        for index in bytes.indices { text.append(bytes[index]) }
        ends.append(text.count)
        hashes.append(hash)
        places[place] = UInt32(ends.count)
        if ends.count * 2 > places.count { grow() }
        return UInt32(ends.count - 1)
    }

    private func isText(of symbol: Int, _ bytes: Span<UInt8>) -> Bool {
        let begin = symbol == 0 ? 0 : ends[symbol - 1]
        guard ends[symbol] - begin == bytes.count else { return false }
        return TextHash.areEqual(text.span.extracting(begin..<ends[symbol]), bytes)
    }

    private mutating func grow() {
        places = Array(repeating: 0, count: places.count * 2)
        for (symbol, hash) in hashes.enumerated() {
            var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = UInt32(symbol + 1)
        }
    }
}
